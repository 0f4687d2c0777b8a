"""What the two colours have to bring: a connection in clear.

A `Channel` moves bytes and waits; it knows neither TLS nor names. `blocking_channel` and
`aio_channel` implement it, `stream` builds the Stream of `envoi.ports` on top of it. The limits
that both obey are here too.
"""

from __future__ import annotations

from typing import Protocol

__all__ = ["CLOSE_SECONDS", "EARLY_LIMIT", "READ_SIZE", "Channel"]

READ_SIZE = 64 * 1024
"""Bytes asked of the operating system at once."""

EARLY_LIMIT = 1024 * 1024
"""Bytes kept at most while nobody reads; beyond it the peer is left to wait."""

CLOSE_SECONDS = 1.0
"""How long an orderly end may take: whatever the dialogue was for has been said by then."""


class Channel(Protocol):
    """One connection in clear; `read`, `poll`, `write` and `abort` as in `envoi.ports.Stream`."""

    @property
    def peer(self) -> str:
        """The other end, for messages."""
        ...

    @property
    def local_address(self) -> str | None:
        """Our own IP address; None for a Unix socket."""
        ...

    @property
    def early(self) -> bytes:
        """What has arrived and was not read yet; stays where it is."""
        ...

    async def read(self, timeout: float | None) -> bytes:
        """Return what has arrived, ``b""`` at the end."""
        ...

    async def poll(self) -> bytes | None:
        """Return what can be had without waiting."""
        ...

    async def write(self, data: bytes | bytearray | memoryview, timeout: float | None) -> None:
        """Write all of it, keeping what arrives meanwhile."""
        ...

    async def close(self) -> None:
        """Close in an orderly way within `CLOSE_SECONDS`; never raises for what the peer does."""
        ...

    def abort(self) -> None:
        """Close at once; sends nothing in a child process that inherited the connection."""
        ...
