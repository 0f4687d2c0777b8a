"""The server of a run, in a process that nobody kills: it writes down every message it took, at once.

Told to, it drops connections: before the dot, which is harmless, and behind it without a reply, which makes
the client wonder. How often it may have done the latter is written down as well.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from envoi.testing import AsyncSMTPServer, faults
from tests.crash.actors import spawn
from tests.servers.daemon import wait_until
from tests.servers.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["KEY", "OwnServer", "running_own"]

KEY = re.compile(rb"^Subject: crash (\S+)", re.MULTILINE)
EXTENSIONS = ("PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES")


class OwnServer:
    """The running server.

    Args:
        folder: of the run.
        pid: its process.
    """

    def __init__(self, folder: Path, pid: int) -> None:
        self._folder = folder
        self._pid: int | None = pid
        self.session = {"host": LOOPBACK, "port": self._port(), "security": "plaintext"}

    def received(self, recipient: str) -> Counter[str]:
        """How often which mail came; this ends the server."""
        del recipient  # there is one in a run
        self.end()
        return Counter((self._folder / "received").read_text().split())

    def end(self) -> None:
        """End it; what came is written down then."""
        pid, self._pid = self._pid, None
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)

    def _port(self) -> int:
        port = self._folder / "port"
        if not wait_until(port.exists, seconds=10):
            raise AssertionError("the server does not start")
        return int(port.read_text())


@contextmanager
def running_own(folder: Path, *, drops: bool) -> Iterator[OwnServer]:
    """Run it in a process of its own."""
    server = OwnServer(folder, spawn(lambda: asyncio.run(_serve(folder, drops=drops))))
    try:
        yield server
    finally:
        server.end()


async def _serve(folder: Path, *, drops: bool) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with AsyncSMTPServer(security="plaintext", extensions=EXTENSIONS) as server:
        with (folder / "received").open("ab", buffering=0) as received:
            (folder / "port.new").write_text(str(server.port))
            (folder / "port.new").replace(folder / "port")
            written = 0
            while not ended.is_set():
                written = _write(received, server, written)
                if drops and random.random() < 0.2 and not server.faults:
                    silent = random.random() < 0.5
                    server.faults.append(
                        faults.drop("CONTENT" if silent else "RCPT", before_reply=True, times=1)
                    )
                    (folder / ("silent" if silent else "early")).open("a").write("x")
                elif random.random() < 0.2:
                    server.faults.clear()
                try:
                    async with asyncio.timeout(0.05):
                        await ended.wait()
                except TimeoutError:
                    pass
            _write(received, server, written)


def _write(received: object, server: AsyncSMTPServer, written: int) -> int:
    messages = server.messages[written:]
    for message in messages:
        found = KEY.search(message.data[:2000])
        received.write((found[1] if found else b"?") + b"\n")  # type: ignore[attr-defined]
    return written + len(messages)
