"""The server's end of a connection: octets over an asyncio transport, in clear or under TLS.

Reading, writing with back-pressure, the handshake, and three ways to end it. What is said is
`connection`'s business.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

__all__ = ["Wire"]

ENOUGH = 1024 * 1024
"""Octets to hold before the client has to wait."""
LINGER_SECONDS = 1.0
"""How long to read on, after the last word, for it to arrive before a reset could overtake it."""


class Wire(asyncio.Protocol):
    """One accepted connection; `accept` is called when it is there."""

    def __init__(self, accept: Callable[[Wire], None]) -> None:
        self._accept = accept
        self._transport: asyncio.Transport
        self._buffer = bytearray()
        self._news = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._ended = False
        self._over = asyncio.Event()

    @property
    def closed(self) -> bool:
        """Whether the connection is over."""
        return self._over.is_set() or self._transport.is_closing()

    async def read(self) -> bytes:
        """Return what has arrived, ``b""`` at the end."""
        while not self._buffer and not self._ended:
            self._news.clear()
            await self._news.wait()
        data = bytes(self._buffer)
        self._buffer.clear()
        if not self.closed:
            self._transport.resume_reading()
        return data

    async def write(self, data: bytes) -> None:
        """Write, and wait while the client is slow; what cannot be written is dropped."""
        if not self.closed:
            self._transport.write(data)
            await self._writable.wait()

    async def start_tls(self, context: ssl.SSLContext, seconds: float) -> ssl.SSLObject | None:
        """Do the handshake as the server; return None when it fails, which ends the connection.

        What has arrived in clear is dropped (RFC 3207 §4.2).
        """
        self._buffer.clear()
        secured = None
        try:
            with suppress(OSError):
                secured = await asyncio.get_running_loop().start_tls(
                    self._transport, self, context, server_side=True, ssl_handshake_timeout=seconds
                )
        finally:
            if secured is None:
                self.abort()
                # What ends during a handshake, asyncio tells nobody but its layer of TLS.
                self.connection_lost(None)
        if secured is None:
            return None
        self._transport = secured
        return cast("ssl.SSLObject", secured.get_extra_info("ssl_object"))

    async def leave(self) -> None:
        """Close in an orderly way, after the client has heard everything."""
        if self.closed:
            return
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(LINGER_SECONDS):
                if self._transport.can_write_eof():
                    self._transport.write_eof()
                    while await self.read():
                        pass
                self._transport.close()
                await self._over.wait()
        self._transport.abort()

    async def gone(self) -> None:
        """Wait until the connection is over."""
        await self._over.wait()

    def reset(self) -> None:
        """Break the connection off: the client gets a reset."""
        connected = self._transport.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._accept(self)

    def data_received(self, data: bytes) -> None:
        """Keep what arrived."""
        self._buffer += data
        if len(self._buffer) > ENOUGH:
            self._transport.pause_reading()
        self._news.set()

    def eof_received(self) -> bool:
        """Note the end; in clear there may be something left to say."""
        self._ended = True
        self._news.set()
        return self._transport.can_write_eof()

    def pause_writing(self) -> None:
        """The client is slow."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake whoever waits."""
        del exc
        self._ended = True
        self._over.set()
        self._news.set()
        self._writable.set()
