"""Postfix's own load generator, in C: `smtp-source`, a process for each turn.

It speaks no TLS and does not pipeline. Its figures are its own process's. To keep connecting out of the
seconds, it runs twice: what counts is how much longer it takes for more messages than for one on each
connection. Its CPU is too little for such a difference, and has starting in it.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from time import perf_counter
from typing import TYPE_CHECKING

from bench.contestant import NotHere
from bench.order import SENDER, Order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.contestant import Sender

__all__ = ["opened"]

_PROGRAM = Path("/usr/sbin/smtp-source")
_LOOK_EVERY = 0.01


@contextmanager
def opened(order: Order) -> Iterator[Sender]:
    """Write the message with the line ends of a Unix file, which are what it reads."""
    if not _PROGRAM.exists():
        raise NotHere("smtp-source is not installed (it comes with Postfix)")
    if order.starttls:
        raise NotHere("smtp-source speaks no TLS")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "message"
        file.write_bytes(order.octets.replace(b"\r\n", b"\n"))
        options = ["-d", "-s", str(order.connections), "-r", str(order.recipients), "-f", SENDER]
        to = ["-t", "client@example.org", "-F", str(file)]

        def send(count: int) -> dict[str, float]:
            few = order.connections
            one, more = (
                _run([str(_PROGRAM), *options, *to, "-m", str(messages), f"127.0.0.1:{order.port}"])
                for messages in (few, few + count)
            )
            return {
                "seconds": more["seconds"] - one["seconds"],
                "cpu": more["cpu"] * count / (few + count),
                "peak": more["peak"],
                "besides": 2 * few,
            }

        yield send


def _run(command: list[str]) -> dict[str, float]:
    started = perf_counter()
    process = subprocess.Popen(command)
    ended, peak = Event(), [0]

    def watch() -> None:
        # The kernel's own record of a child's peak begins with that of the process it was made from.
        while not ended.is_set():
            with suppress(OSError, TypeError):
                status = Path(f"/proc/{process.pid}/status").read_text("ascii")
                peak[0] = int(re.search(r"VmHWM:\s+(\d+)", status)[1])  # type: ignore[index]
            ended.wait(_LOOK_EVERY)

    watcher = Thread(target=watch)
    watcher.start()
    _, status, used = os.wait4(process.pid, 0)
    seconds = perf_counter() - started
    ended.set()
    watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with status {process.returncode}")
    return {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "peak": peak[0]}
