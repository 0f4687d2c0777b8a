"""A connection in clear over an asyncio transport.

The event loop calls a protocol of our own; there are no `asyncio` streams between. Bytes that are
there are returned without suspending, bytes that the transport takes at once are written without
suspending, and whoever must wait does so on the one future and the one lazily moved timer of the
channel. TLS, when there is any, is above: see `stream`. The blocking twin is `blocking_channel`.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from envoi.drivers.channel import CLOSE_SECONDS, EARLY_LIMIT, READ_SIZE
from envoi.drivers.failures import disconnected, silent, stuck
from envoi.drivers.sockets import acknowledging
from envoi.drivers.waiting import reading

if TYPE_CHECKING:
    import socket

__all__ = ["AsyncioChannel"]

_PIECE = 256 * 1024
"""Bytes given to the transport at once: it copies what the system does not take."""

_POLL_CYCLES = 3
"""Turns of the loop until bytes that the system holds are ours: one to notice, one to read."""


class AsyncioChannel(asyncio.Protocol):
    """One connected socket, and the protocol that its transport calls."""

    def __init__(self, connected: socket.socket, *, peer: str, local_address: str | None) -> None:
        self.peer = peer
        self.local_address = local_address
        self._socket = connected
        self._readable = reading(connected.fileno())
        self._acknowledge = acknowledging(connected)
        self._loop = asyncio.get_running_loop()
        self._pid = os.getpid()
        self._transport: asyncio.Transport | None = None
        self._chunks: list[bytes] = []
        self._held = 0
        # Whether something came since we wrote last, so that no octets of ours acknowledge it by the way.
        self._heard = False
        self._holding_back = False
        self._congested = False
        self._ended = False
        self._lost = False
        self._error: OSError | None = None
        self._news: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def early(self) -> bytes:
        """What has arrived and was not read yet."""
        return b"".join(self._chunks)

    async def read(self, timeout: float | None) -> bytes:
        """Return what has arrived, ``b""`` at the end."""
        if (data := self._receive()) is not None:
            return data
        deadline = self._deadline(timeout)
        while deadline is None or self._loop.time() < deadline:
            if self._heard:
                self._acknowledge()
            await self._wait(deadline)
            if (data := self._receive()) is not None:
                return data
        raise silent(self.peer, timeout)

    async def poll(self) -> bytes | None:
        """Return what can be had without waiting."""
        if (data := self._receive()) is not None or not self._readable(0):
            return data
        for _ in range(_POLL_CYCLES):
            await asyncio.sleep(0)
            if (data := self._receive()) is not None:
                break
        return data

    def _receive(self) -> bytes | None:
        if self._chunks:
            data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
            self._chunks.clear()
            self._held = 0
            self._heard = True
            if self._holding_back and self._transport is not None:
                self._holding_back = False
                self._transport.resume_reading()
            return data
        if self._ended:
            return b""
        if self._lost:
            raise disconnected(self.peer, self._error) from self._error
        return None

    async def write(self, data: bytes | bytearray | memoryview, timeout: float | None) -> None:
        """Write all of it, keeping what arrives meanwhile."""
        if len(data) <= _PIECE:
            await self._write_piece(data, timeout)
            return
        view = memoryview(data)
        for start in range(0, len(view), _PIECE):
            await self._write_piece(view[start : start + _PIECE], timeout)

    async def _write_piece(self, data: bytes | bytearray | memoryview, timeout: float | None) -> None:
        transport = self._transport
        self._heard = False
        if transport is not None and not transport.is_closing():
            transport.write(data)
            if self._congested:
                await self._drain(transport, timeout)
        if transport is None or transport.is_closing():
            # The transport does not say in `write` that the connection is gone; its farewell does.
            while not self._lost:
                await self._wait(None)
            raise disconnected(self.peer, self._error) from self._error

    async def _drain(self, transport: asyncio.Transport, timeout: float | None) -> None:
        """Wait until the system has taken everything, as long as it goes on taking some."""
        left = transport.get_write_buffer_size()
        deadline = self._deadline(timeout)
        while self._congested and not self._lost:
            await self._wait(deadline)
            still = transport.get_write_buffer_size()
            if still < left:
                left, deadline = still, self._deadline(timeout)
            elif deadline is not None and self._loop.time() >= deadline:
                raise stuck(self.peer, timeout)

    def _deadline(self, timeout: float | None) -> float | None:
        return None if timeout is None else self._loop.time() + timeout

    async def _wait(self, deadline: float | None) -> None:
        """Wait for the transport to call, or until the deadline."""
        news = self._news = self._loop.create_future()
        if deadline is not None and (self._timer is None or self._timer.when() > deadline):
            self._set_timer(deadline)
        try:
            await news
        finally:
            self._news = None

    def _set_timer(self, deadline: float) -> None:
        # A timer per wait would cost as much as the wait: a late one stays, and wakes for nothing.
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._tell()

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def close(self) -> None:
        """Close in an orderly way."""
        if self._transport is None:
            return
        self._transport.close()
        deadline = self._loop.time() + CLOSE_SECONDS
        try:
            while not self._lost and self._loop.time() < deadline:
                await self._wait(deadline)
        finally:
            self.abort()

    def abort(self) -> None:
        """Close at once."""
        if os.getpid() != self._pid:
            # The loop's selector is shared with the parent, who still wants to hear of this socket.
            self._socket.close()
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None and not self._lost:
            try:
                self._transport.abort()
            except RuntimeError:  # The loop is closed: nobody else will do it.
                self._socket.close()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; nothing may stay in its buffer unnoticed."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        """Keep what arrived; beyond the limit, have the peer wait."""
        self._chunks.append(data)
        self._held += len(data)
        if self._held >= EARLY_LIMIT and not self._holding_back and self._transport is not None:
            self._holding_back = True
            self._transport.pause_reading()
        self._tell()

    def eof_received(self) -> bool:
        """Note the end; True because our own side is closed by us."""
        self._ended = True
        self._tell()
        return True

    def pause_writing(self) -> None:
        """Note that the system did not take everything."""
        self._congested = True

    def resume_writing(self) -> None:
        """Note that it has now."""
        self._congested = False
        self._tell()

    def connection_lost(self, exc: Exception | None) -> None:
        """Save what had arrived: a server that refuses says so, then closes."""
        with suppress(OSError):
            while self._held < EARLY_LIMIT and (data := self._socket.recv(READ_SIZE)):
                self._chunks.append(data)
                self._held += len(data)
        self._lost = True
        self._holding_back = False
        self._error = exc if isinstance(exc, OSError) else None
        self._tell()
