"""A connection in clear whose methods block and never suspend.

The socket is non-blocking underneath. Writing tries the system call first and waits, in `waiting`, only
when it would block; reading waits first, as there is hardly ever something to read already, and a call in
vain costs more than the question. A time limit belongs to one operation and costs no system call. TLS, when
there is any, is above: see `stream`. The asyncio twin is `aio_channel`.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from time import monotonic

from envoi.drivers.channel import CLOSE_SECONDS, EARLY_LIMIT, READ_SIZE
from envoi.drivers.failures import disconnected, silent, stuck
from envoi.drivers.sockets import acknowledging
from envoi.drivers.waiting import READ, WRITE, reading, wait

__all__ = ["BlockingChannel"]


class BlockingChannel:
    """One connected, non-blocking socket."""

    __slots__ = (
        "_acknowledge",
        "_early",
        "_ended",
        "_heard",
        "_readable",
        "_socket",
        "local_address",
        "peer",
    )

    def __init__(self, connection: socket.socket, *, peer: str, local_address: str | None) -> None:
        self._socket = connection
        self._readable = reading(connection.fileno())
        self._acknowledge = acknowledging(connection)
        self._early = bytearray()
        self._ended = False
        # Whether something came since we wrote last, so that no octets of ours acknowledge it by the way.
        self._heard = False
        self.peer = peer
        self.local_address = local_address

    @property
    def early(self) -> bytes:
        """What has arrived and was not read yet."""
        return bytes(self._early)

    async def read(self, timeout: float | None) -> bytes:
        """Return what has arrived, ``b""`` at the end."""
        while not self._early:
            if self._heard:
                self._acknowledge()
            if not self._readable(timeout):
                raise silent(self.peer, timeout)
            if (data := self._receive()) is not None:
                self._heard = True
                return data
        return self._take_early()

    async def poll(self) -> bytes | None:
        """Return what can be had without waiting."""
        if self._early:
            return self._take_early()
        return self._receive() if self._readable(0) else None

    def _take_early(self) -> bytes:
        data, self._early = bytes(self._early), bytearray()
        return data

    def _receive(self) -> bytes | None:
        try:
            return self._socket.recv(READ_SIZE)
        except BlockingIOError:
            return None
        except OSError as error:
            raise disconnected(self.peer, error) from error

    async def write(self, data: bytes | bytearray | memoryview, timeout: float | None) -> None:
        """Write all of it, keeping what arrives meanwhile."""
        self._heard = False
        sent = self._send(data)
        if sent < len(data):
            self._write_rest(memoryview(data)[sent:], timeout)

    def _send(self, data: bytes | bytearray | memoryview) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            # The reply that explains it may be waiting: a server that refuses says so, then closes.
            while self._keep_early():
                pass
            raise disconnected(self.peer, error) from error

    def _write_rest(self, rest: memoryview, timeout: float | None) -> None:
        fileno = self._socket.fileno()
        deadline = None if timeout is None else monotonic() + timeout
        while rest:
            listening = not self._ended and len(self._early) < EARLY_LIMIT
            remaining = None if deadline is None else deadline - monotonic()
            ready = wait({fileno: WRITE | READ if listening else WRITE}, remaining).get(fileno, 0)
            if ready & READ:
                self._keep_early()
            sent = self._send(rest) if ready & WRITE else 0
            if sent:
                rest = rest[sent:]
                deadline = None if timeout is None else monotonic() + timeout
            elif deadline is not None and monotonic() >= deadline:
                raise stuck(self.peer, timeout)

    def _keep_early(self) -> bool:
        """Take in what is there; False when nothing more is to be had now."""
        if self._ended or len(self._early) >= EARLY_LIMIT:
            return False
        try:
            data = self._socket.recv(READ_SIZE)
        except BlockingIOError:
            return False
        except OSError:
            # The write in progress meets the same error and reports it.
            data = b""
        self._early += data
        self._ended = not data
        return bool(data)

    async def close(self) -> None:
        """Close in an orderly way."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
            # Closing with unread bytes would reset the connection, and what we said last with it.
            deadline = monotonic() + CLOSE_SECONDS
            while self._socket.recv(READ_SIZE) and monotonic() < deadline:
                pass
        self.abort()

    def abort(self) -> None:
        """Close at once."""
        # Closing the descriptor of a forked copy leaves the parent's connection as it is.
        self._socket.close()
        # The number may be another file's by now: the next system call tells what is wrong, unasked.
        self._readable = _at_once


def _at_once(timeout: float | None) -> bool:
    del timeout
    return True
