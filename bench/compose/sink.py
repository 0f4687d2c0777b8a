"""A server that takes every mail and keeps nothing: what is measured is the sender alone.

Offers PIPELINING and 8BITMIME, and CHUNKING when it is asked to; believes whatever it is told. On loopback,
in threads of the measuring process; the sender is another one.
"""

from __future__ import annotations

import re
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Sink"]

_PIECE = 1 << 18
_END = b"\r\n.\r\n"


class _Handler(StreamRequestHandler):
    rbufsize = _PIECE

    def handle(self) -> None:
        """One session."""
        self._say("220 sink")
        while (line := self.rfile.readline()) and not line.upper().startswith(b"QUIT"):
            self._command(line.upper())

    def _command(self, line: bytes) -> None:
        sink = cast("Sink", self.server)
        if line.startswith(b"EHLO"):
            words = ["sink", "PIPELINING", "8BITMIME", *(["CHUNKING"] if sink.chunking else [])]
            self._say(*(f"250-{word}" for word in words[:-1]), f"250 {words[-1]}")
        elif line.startswith(b"DATA"):
            self._say("354 go on")
            sink.octets += _until_dot(cast("BinaryIO", self.rfile))
            self._say("250 taken")
        elif found := re.match(rb"BDAT (\d+)", line):
            left = int(found[1])
            sink.octets += left
            while left:
                left -= len(self.rfile.read(min(left, _PIECE)))
            self._say("250 taken")
        else:
            self._say("250 fine")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


class Sink(ThreadingTCPServer):
    """The server, as long as the block lasts.

    Attributes:
        octets: how many were taken as mail.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *, chunking: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.chunking = chunking
        self.octets = 0

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def __enter__(self) -> Self:
        """Begin to serve."""
        Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.shutdown()
        self.server_close()


def _until_dot(stream: BinaryIO) -> int:
    """Read the mail, and tell how many octets it had."""
    octets, last = 0, b"\r\n"
    while not last.endswith(_END):
        piece = stream.read1(_PIECE)  # type: ignore[attr-defined]
        if not piece:
            return octets
        octets += len(piece)
        last = (last + piece)[-len(_END) :]
    return octets
