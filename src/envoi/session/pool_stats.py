"""What a pool is doing, as figures: values for whoever watches it.

`stats_of` reads them off the desk; nothing is decided here. The desk itself is `pool`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envoi.session.pool import Desk

__all__ = ["PoolStats", "ServerStats", "stats_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStats:
    """How one server of a pool is doing.

    Attributes:
        server: its host and port, or the name of its account.
        connections: how many there are, as far as we know.
        messages: how many mails were offered to it.
        failures: how many times in a row it could not be used; 0 while it can.
        rests_seconds: for how long it is still left alone.
        error: what went wrong last; empty while it works.
    """

    server: str
    connections: int
    messages: int
    failures: int
    rests_seconds: float
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolStats:
    """What a pool is doing.

    Attributes:
        connections: how many there are, as far as we know.
        busy: how many of the pool's places are in use, opening and closing included.
        waiting: how many calls wait for a connection.
        opened: how many connections have come about so far.
        messages: how many mails were offered to a server so far.
        servers: the same by server, in the order in which they were given.
    """

    connections: int
    busy: int
    waiting: int
    opened: int
    messages: int
    servers: tuple[ServerStats, ...]


def stats_of(desk: Desk, now: float) -> PoolStats:
    """Return the figures of this moment."""
    servers = tuple(
        ServerStats(
            server=each.name,
            connections=desk.connections(each),
            messages=each.messages,
            failures=each.failures,
            rests_seconds=max(0.0, each.rests_until - now),
            error="" if each.error is None else str(each.error),
        )
        for each in desk.standings
    )
    return PoolStats(
        connections=desk.connections(),
        busy=desk.lent,
        waiting=desk.waiting,
        opened=desk.opened,
        messages=sum(each.messages for each in servers),
        servers=servers,
    )
