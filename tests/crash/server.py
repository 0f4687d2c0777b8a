"""The server of a run, in a process that nobody kills: it writes down every message it took, at once.

Told to, it drops connections: before the dot, which is harmless, and behind it without a reply, which makes
the client wonder. How often it may have done the latter is written down as well.
"""

from __future__ import annotations

import asyncio
import random
import re
import signal
from typing import TYPE_CHECKING

from envoi.testing import AsyncSMTPServer, faults

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KEY", "serve"]

KEY = re.compile(rb"^Subject: crash (\S+)", re.MULTILINE)
EXTENSIONS = ("PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES")


def serve(folder: Path, *, drops: bool) -> None:
    """Serve until SIGTERM; write the port, then the key of each message."""
    asyncio.run(_serve(folder, drops=drops))


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
