"""The values that a pool's policy works on: limits, places for connections, requests for one.

`Desk` (`pool`) is the only one that changes the state of a place or answers a request; what is connected in a
place is `lending`'s affair.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from math import inf
from typing import TYPE_CHECKING, Protocol

from envoi.errors import ConfigError

if TYPE_CHECKING:
    from envoi.session.conversation import Conversation
    from envoi.session.pool_servers import Standing

__all__ = ["Bell", "Place", "PoolLimits", "Request", "State"]


class Bell(Protocol):
    """Somebody waits for it, and others ring it; each colour has its own."""

    def ring(self) -> None:
        """Wake whoever waits, now or next; called inside the guard."""
        ...

    async def wait(self, seconds: float | None) -> None:
        """Return when it was rung, or the time is over; None for any time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLimits:
    """How many connections, and for how long.

    Attributes:
        connections: how many at most.
        idle_seconds: one that was idle for so long is not used again; None for any time.
        age_seconds: one that was opened so long ago is not used again; None for any time.
        messages: how many mails a connection may carry; the server's own limit (RFC 9422) counts as well.

    Raises:
        ConfigError: a limit that lets nothing through.
    """

    connections: int
    idle_seconds: float | None
    age_seconds: float | None
    messages: int | None

    def __post_init__(self) -> None:
        for name in ("connections", "messages"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise ConfigError(f"{name}={value!r} is not a whole number from 1")
        for name in ("idle_seconds", "age_seconds"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigError(f"{name} must be more than 0 seconds, or None for no limit")


class State(Enum):
    """What is known of a place."""

    EMPTY = "empty"
    IDLE = "idle"
    """It has a connection that nobody uses."""
    LENT = "lent"


@dataclass(slots=True, eq=False, kw_only=True)
class Place:
    """Room for one connection.

    Attributes:
        server: whom its connection is with, was with, or is to be with.
        state: as far as the desk is concerned.
        to_open: whether whoever got it has to open a connection first, and close what is there.
        opened_at: when the connection came about.
        used_at: when it was last given back.
        messages: how many mails it has carried.
        most_messages: how many it may carry.
        held: what is connected; kept by `lending`.
        known: a conversation for each server that this place was with; kept by `lending`.
    """

    server: Standing
    state: State = State.EMPTY
    to_open: bool = False
    opened_at: float = 0.0
    used_at: float = 0.0
    messages: int = 0
    most_messages: float = inf
    held: Conversation | None = None
    known: dict[int, Conversation] = field(default_factory=dict[int, "Conversation"])


@dataclass(slots=True, eq=False, kw_only=True)
class Request:
    """Somebody who wants a connection.

    Attributes:
        until: how long it can wait; None for any time.
        patient: whether it waits for servers to have rested, too, and not only for connections in use.
        place: what it was given.
        answered: whether it was given one, or is not going to be.
        bell: rung when it is answered; None while nobody waits for that.
    """

    until: float | None = None
    patient: bool = True
    place: Place | None = None
    answered: bool = False
    bell: Bell | None = None
