"""The Stream of `envoi.ports` over a connection of either colour, in clear or under TLS.

A `Channel` moves bytes, a `TLSEngine` turns them into records and back, and this module puts the
one on top of the other when asked to; it has no colour and does no I/O of its own. Until then it
only passes calls on, and OpenSSL, which is a third of a small program's memory, is not loaded.
"""

from __future__ import annotations

import os
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from envoi.drivers.channel import CLOSE_SECONDS
from envoi.drivers.failures import seconds
from envoi.errors import DeadlineExceeded, DeliveryError, Disconnected, LocalProtocolError, Phase

if TYPE_CHECKING:
    import ssl

    from envoi.drivers.channel import Channel
    from envoi.drivers.tls import Handshake
    from envoi.drivers.tls_engine import TLSEngine
    from envoi.ports import TLSInfo, TLSOptions

__all__ = ["NetworkStream"]

_PIECE = 256 * 1024
"""Bytes encrypted at once: enough that the calls do not count, little enough to hold twice."""


class NetworkStream:
    """One connection; see `envoi.ports.Stream` for what the methods promise."""

    __slots__ = ("_channel", "_engine", "_handshake", "_pid", "tls")

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._engine: TLSEngine | None = None
        self._handshake: Handshake | None = None
        self._pid = os.getpid()
        self.tls: TLSInfo | None = None

    @property
    def peer(self) -> str:
        """The other end as text, for messages."""
        return self._channel.peer

    @property
    def local_address(self) -> str | None:
        """Our own IP address on this connection; None for a Unix socket."""
        return self._channel.local_address

    async def read(self, timeout: float | None) -> bytes:
        """Return what has arrived, ``b""`` when the peer has closed."""
        engine = self._engine
        if engine is None:
            return await self._channel.read(timeout)
        deadline = None if timeout is None else monotonic() + timeout
        while not engine.closed:
            # A peer that sends records without content must not hold us longer than one that is silent.
            remaining = None if deadline is None else max(0.0, deadline - monotonic())
            records = await self._channel.read(remaining)
            if not records:
                break  # Without a farewell: SMTP frames its own replies, nothing can be cut off unnoticed.
            if plain := self._decrypt(engine, records):
                return plain
            if answer := engine.take():
                await self._channel.write(answer, remaining)
        return b""

    async def poll(self) -> bytes | None:
        """Return what can be read without waiting."""
        if os.getpid() != self._pid:
            return b""  # For a forked child it is over: the dialogue is its parent's.
        engine = self._engine
        if engine is None:
            return await self._channel.poll()
        while not engine.closed:
            records = await self._channel.poll()
            if not records:
                return records
            if plain := self._decrypt(engine, records):
                return plain
        return b""

    def _decrypt(self, engine: TLSEngine, records: bytes) -> bytes:
        try:
            return engine.decrypt(records)
        except engine.failure as error:
            raise _broken(self.peer, error) from error

    async def write(self, data: bytes | bytearray | memoryview, timeout: float | None) -> None:
        """Write all of it."""
        engine = self._engine
        if engine is None:
            await self._channel.write(data, timeout)
        elif len(data) <= _PIECE:
            await self._channel.write(self._encrypt(engine, data), timeout)
        else:
            with memoryview(data) as view:
                for start in range(0, len(view), _PIECE):
                    piece = self._encrypt(engine, view[start : start + _PIECE])
                    await self._channel.write(piece, timeout)

    def _encrypt(self, engine: TLSEngine, data: bytes | bytearray | memoryview) -> bytes:
        try:
            return engine.encrypt(data)
        except engine.failure as error:
            raise _broken(self.peer, error) from error

    async def start_tls(self, options: TLSOptions, server_hostname: str, timeout: float | None) -> TLSInfo:
        """Do the TLS handshake as the client."""
        from envoi.drivers.tls import Handshake
        from envoi.drivers.tls_failures import clear_text, handshake_failed, left

        if self._engine is not None:
            raise LocalProtocolError("TLS is already in use on this connection", phase=Phase.TLS)
        if early := self._channel.early:
            raise clear_text(self.peer, early)
        handshake = Handshake(options, server_hostname, self.peer)
        engine = handshake.engine
        try:
            await self._shake_hands(engine, timeout)
            self.tls = handshake.finish()
        except engine.failure as error:
            await self._send_alert(engine)
            raise handshake_failed(self.peer, handshake.server_hostname, error, engine.presented()) from error
        except DeadlineExceeded as error:
            message = f"{self.peer} did not finish the TLS handshake within {seconds(timeout)}"
            raise DeadlineExceeded(message, phase=Phase.TLS) from error
        except Disconnected as error:
            raise left(self.peer) from error
        self._engine, self._handshake = engine, handshake
        return self.tls

    async def _shake_hands(self, engine: TLSEngine, timeout: float | None) -> None:
        from envoi.drivers.tls_failures import left, plain_first

        deadline = None if timeout is None else monotonic() + timeout
        received = b""
        while not engine.handshake(received):
            remaining = None if deadline is None else max(0.0, deadline - monotonic())
            await self._channel.write(engine.take(), remaining)
            first = not received
            received = await self._channel.read(remaining)
            if not received:
                raise left(self.peer)
            if first and (failure := plain_first(self.peer, received)):
                raise failure
        await self._channel.write(engine.take(), timeout)

    async def _send_alert(self, engine: TLSEngine) -> None:
        # The server learns why; it is not waited for.
        with suppress(DeliveryError):
            if alert := engine.take():
                await self._channel.write(alert, 0)

    async def close(self) -> None:
        """Close in an orderly way; in a child process that inherited the connection, let go of it."""
        if os.getpid() != self._pid:
            self.abort()
            return
        if self._engine is not None and self._handshake is not None:
            self._handshake.remember()
            with suppress(DeliveryError):
                await self._channel.write(self._engine.farewell(), CLOSE_SECONDS)
        await self._channel.close()

    def abort(self) -> None:
        """Close at once."""
        self._channel.abort()


def _broken(peer: str, error: ssl.SSLError) -> DeliveryError:
    from envoi.drivers.tls_failures import broken

    return broken(peer, error)
