"""A connection to a proxy, as the library python-socks uses one.

Stand-ins for the socket, the loop and the connector that the library expects. They exist because
its reader of HTTP replies takes whatever has arrived, and an SMTP server speaks first: its
greeting may be right behind the proxy's reply, and would be lost. These read the reply to its
end and not one byte further. They also bring our time limit to each of the library's calls.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    import socket

__all__ = ["AsyncWire", "Opened", "OpenedAsync", "Wire"]

_REPLY_LIMIT = 16 * 1024
_WHOLE_REPLY = 4096
"""A read of at least this size is of an HTTP reply; SOCKS replies are read by exact, small sizes."""


class Wire:
    """A connected socket as the library's blocking half uses one."""

    def __init__(self, connected: socket.socket, deadline: float | None) -> None:
        self._socket = connected
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        """Send it all, within the time limit."""
        self._allow()
        self._socket.sendall(data)

    def recv(self, size: int) -> bytes:
        """Receive at most `size` bytes, of an HTTP reply the whole, within the time limit."""
        if size < _WHOLE_REPLY:
            self._allow()
            return self._socket.recv(size)
        reply = bytearray()
        while not _is_whole(reply):
            self._allow()
            octet = self._socket.recv(1)
            if not octet:
                break
            reply += octet
        return bytes(reply)

    def _allow(self) -> None:
        remaining = None if self._deadline is None else self._deadline - monotonic()
        if remaining is not None and remaining <= 0:
            raise TimeoutError
        self._socket.settimeout(remaining)

    def close(self) -> None:
        """Leave it to whoever opened it."""


class AsyncWire:
    """The same for the library's asyncio half, which asks its loop: this is the socket and the loop."""

    def __init__(self, connected: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self._socket = connected
        self._loop = loop

    async def sock_sendall(self, _: object, data: bytes) -> None:
        """Send it all; the library brings the time limit."""
        await self._loop.sock_sendall(self._socket, data)

    async def sock_recv(self, _: object, size: int) -> bytes:
        """Receive at most `size` bytes, of an HTTP reply the whole."""
        if size < _WHOLE_REPLY:
            return await self._loop.sock_recv(self._socket, size)
        reply = bytearray()
        while not _is_whole(reply):
            octet = await self._loop.sock_recv(self._socket, 1)
            if not octet:
                break
            reply += octet
        return bytes(reply)

    def close(self) -> None:
        """Leave it to whoever opened it."""


def _is_whole(reply: bytearray) -> bool:
    return reply.endswith(b"\r\n\r\n") or len(reply) >= _REPLY_LIMIT


class Opened:
    """What the library connects through: a connection to the proxy that is there already."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def connect(self, **_: Any) -> Wire:
        """Return the connection."""
        return self._wire


class OpenedAsync:
    """The same for the library's asyncio half."""

    def __init__(self, wire: AsyncWire) -> None:
        self._wire = wire

    async def connect(self, **_: Any) -> AsyncWire:
        """Return the connection."""
        return self._wire
