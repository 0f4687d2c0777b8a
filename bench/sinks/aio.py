"""The sink in asyncio, for machines without a C compiler: offers what `sink.c` offers, in the same words.

``python -m bench.sinks.aio [--no-chunking] [--no-pipelining] [--certificate FILE]`` prints its port and
answers each line of input with its counts. Ratios of CPU hold with it too; messages per second are the sink's
here.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import sys
from argparse import ArgumentParser
from contextlib import suppress
from dataclasses import dataclass, field

_PIECE = 1 << 18
_END = b"\r\n.\r\n"
_TAKEN = b"250 2.0.0 Ok: queued as 4bFqXk3Zz9z1\r\n"


@dataclass(slots=True, kw_only=True)
class _Offer:
    chunking: bool
    pipelining: bool
    context: ssl.SSLContext | None
    messages: int = 0
    recipients: int = 0
    octets: int = 0
    connections: int = 0

    def words(self, *, secured: bool) -> bytes:
        words = [
            "sink.test",
            *(["PIPELINING"] if self.pipelining else []),
            *(["CHUNKING"] if self.chunking else []),
            *(["STARTTLS"] if self.context and not secured else []),
            "SIZE 1073741824",
            "ENHANCEDSTATUSCODES",
            "8BITMIME",
        ]
        return "".join(f"250-{word}\r\n" for word in words).encode() + b"250 SMTPUTF8\r\n"


@dataclass(slots=True)
class _Client:
    """One connection. Replies are kept until nothing more is there to be read."""

    offer: _Offer
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    buffer: bytearray = field(default_factory=bytearray)
    replies: bytearray = field(default_factory=bytearray)
    has_sender: bool = False
    to: int = 0
    secured: bool = False

    async def serve(self) -> None:
        self.replies += b"220 sink.test ESMTP\r\n"
        while not (line := await self._line()).upper().startswith(b"QUIT"):
            await self._obey(line, line.upper())
        self.replies += b"221 2.0.0 Bye\r\n"
        await self._deliver()

    async def _deliver(self) -> None:
        self.writer.write(bytes(self.replies))
        self.replies.clear()
        await self.writer.drain()

    async def _fill(self) -> None:
        if self.replies:
            await self._deliver()
        piece = await self.reader.read(_PIECE)
        if not piece:
            raise EOFError
        self.buffer += piece

    async def _line(self) -> bytes:
        while (end := self.buffer.find(b"\n")) < 0:
            await self._fill()
        line = bytes(self.buffer[: end + 1])
        del self.buffer[: end + 1]
        return line

    async def _obey(self, line: bytes, upper: bytes) -> None:
        if upper.startswith(b"EHLO"):
            self._forget()
            self.replies += self.offer.words(secured=self.secured)
        elif upper.startswith((b"HELO", b"RSET")):
            self._forget()
            self.replies += b"250 2.0.0 Ok\r\n"
        elif upper.startswith(b"MAIL FROM:"):
            self.replies += b"503 5.5.1 Nested MAIL command\r\n" if self.has_sender else b"250 2.1.0 Ok\r\n"
            self.has_sender = True
        elif upper.startswith(b"RCPT TO:"):
            self.to += self.has_sender
            self.replies += b"250 2.1.5 Ok\r\n" if self.has_sender else b"503 5.5.1 Need MAIL command\r\n"
        elif upper.startswith(b"DATA"):
            await self._text()
        elif self.offer.chunking and (found := re.match(rb"BDAT (\d+)( LAST)?\r\n", line, re.IGNORECASE)):
            await self._chunk(int(found[1]), is_last=bool(found[2]))
        elif upper.startswith(b"STARTTLS") and self.offer.context and not self.secured:
            await self._secure(self.offer.context)
        elif upper.startswith(b"NOOP"):
            self.replies += b"250 2.0.0 Ok\r\n"
        elif upper.startswith(b"VRFY"):
            self.replies += b"252 2.0.0 Try it\r\n"
        else:
            self.replies += b"500 5.5.2 Unknown command\r\n"

    async def _text(self) -> None:
        if not self.to:
            self.replies += b"503 5.5.1 Need RCPT command\r\n"
            return
        self.replies += b"354 End data with <CR><LF>.<CR><LF>\r\n"
        self.buffer[:0] = b"\r\n"
        while (end := self.buffer.find(_END)) < 0:
            keep = len(_END) - 1
            if len(self.buffer) > keep:
                self.offer.octets += len(self.buffer) - keep
                del self.buffer[:-keep]
            await self._fill()
        self.offer.octets += end + len(_END) - 2
        del self.buffer[: end + len(_END)]
        self._take()

    async def _chunk(self, left: int, *, is_last: bool) -> None:
        self.offer.octets += left
        while left > len(self.buffer):
            left -= len(self.buffer)
            self.buffer.clear()
            await self._fill()
        del self.buffer[:left]
        if not self.to:
            self.replies += b"503 5.5.1 No valid recipients\r\n"
        elif is_last:
            self._take()
        else:
            self.replies += b"250 2.0.0 Ok\r\n"

    async def _secure(self, context: ssl.SSLContext) -> None:
        self.buffer.clear()  # what came before the handshake is forgotten: RFC 3207
        self.replies += b"220 2.0.0 Ready\r\n"
        await self._deliver()
        await self.writer.start_tls(context)
        self.secured = True
        self._forget()

    def _take(self) -> None:
        self.offer.messages += 1
        self.offer.recipients += self.to
        self._forget()
        self.replies += _TAKEN

    def _forget(self) -> None:
        self.has_sender, self.to = False, 0


async def _serve(offer: _Offer) -> None:
    async def admit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        offer.connections += 1
        with suppress(EOFError, OSError):
            await _Client(offer, reader, writer).serve()
        writer.close()

    server = await asyncio.start_server(admit, "127.0.0.1", 0, limit=_PIECE)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(offer.messages, offer.recipients, offer.octets, offer.connections, flush=True)
    server.close()


def main() -> None:
    """Serve until the end of the input."""
    parser = ArgumentParser(prog="python -m bench.sinks.aio")
    parser.add_argument("--no-chunking", dest="chunking", action="store_false")
    parser.add_argument("--no-pipelining", dest="pipelining", action="store_false")
    parser.add_argument("--certificate", metavar="FILE")
    given = parser.parse_args()
    context = None
    if given.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(given.certificate)
    asyncio.run(_serve(_Offer(chunking=given.chunking, pipelining=given.pipelining, context=context)))


if __name__ == "__main__":
    main()
