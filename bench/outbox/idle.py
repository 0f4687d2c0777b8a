"""What a worker costs that has nothing to do: processor time and memory, in either colour.

    python -m bench.outbox.idle [SECONDS]

Each worker runs alone in a process of its own over an outbox on disk; what counts is the time of all its
threads (/proc) and its memory (RSS) after that. The aim: 0.5 % of a processor, 45 MiB.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CPU_LIMIT, MEMORY_LIMIT = 0.5, 45.0


def blocking(path: Path) -> None:
    """Run a `Worker`."""
    from envoi import Outbox, SMTPSession
    from envoi.outbox import Worker

    with Outbox(path) as outbox:
        Worker(outbox, session=lambda _: SMTPSession("127.0.0.1", 2525, security="plaintext")).run()


def asynchronous(path: Path) -> None:
    """Run an `AsyncWorker`."""
    from envoi import AsyncOutbox, AsyncSMTPSession
    from envoi.outbox import AsyncWorker

    async def run() -> None:
        async with AsyncOutbox(path) as outbox:
            await AsyncWorker(
                outbox, session=lambda _: AsyncSMTPSession("127.0.0.1", 2525, security="plaintext")
            ).run()

    asyncio.run(run())


COLOURS = {"Worker": blocking, "AsyncWorker": asynchronous}


def measure(colour: str, seconds: float) -> tuple[float, float]:
    """Return the share of a processor in percent, and MiB."""
    with tempfile.TemporaryDirectory() as folder:
        child = subprocess.Popen([sys.executable, "-m", "bench.outbox.idle", "--run", colour, folder])
        try:
            time.sleep(5.0)  # It has started, and found nothing.
            before, began = _seconds(child.pid), time.monotonic()
            time.sleep(seconds)
            share = 100 * (_seconds(child.pid) - before) / (time.monotonic() - began)
            return share, _mebibytes(child.pid)
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _mebibytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def main() -> int:
    """Measure both, or be one of them."""
    if sys.argv[1:2] == ["--run"]:
        COLOURS[sys.argv[2]](Path(sys.argv[3]) / "outbox.db")
        return 0
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    over = False
    for colour in COLOURS:
        share, memory = measure(colour, seconds)
        over = over or share > CPU_LIMIT or memory > MEMORY_LIMIT
        print(f"{colour}: {share:.2f} % of a processor, {memory:.1f} MiB")
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
