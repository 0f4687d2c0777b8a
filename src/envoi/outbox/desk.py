"""What a worker's flows share inside one process: channels, flows beside each other, and the work in hand.

The coordinator (`worker`) and its senders (`sender`) are sequential flows that talk over channels and nothing
else. Threads or tasks are behind the port `Crew`: `envoi.drivers.crew` in both colours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from envoi.outbox.courier import Attempt
    from envoi.outbox.model import Claim
    from envoi.outbox.policy import Decision

__all__ = ["Answer", "Asked", "Channel", "Crew", "Ended", "Outcome", "Rung", "Stopped", "Work"]

T = TypeVar("T")


class Channel(Protocol[T]):
    """A queue in memory: many put, one gets."""

    def put(self, item: T) -> None:
        """Add at the end; never waits. From any thread, in the blocking colour."""
        ...

    def poll(self) -> T | None:
        """Take the first if there is one."""
        ...

    async def get(self, timeout: float) -> T | None:
        """Take the first; None when there was none within `timeout` seconds."""
        ...


class Crew(Protocol):
    """Runs flows beside each other."""

    def channel(self) -> Channel[Any]:
        """Return a new channel."""
        ...

    def start(self, flow: Coroutine[Any, Any, None]) -> None:
        """Begin a flow: a thread, or a task."""
        ...

    async def join(self) -> None:
        """Wait for all flows that were begun."""
        ...


class Work:
    """A claim in a worker's hands, and what became known of it meanwhile.

    Attributes:
        claim: the claim.
        leave_at: when it may leave, by the monotonic clock.
        held_until: when the lease ends, by the same clock.
        taken: whether a sender has it.
        lost: another worker may have it.
        cancelled: somebody asked to cancel it.
        delivered: recipients that a late reply of an earlier attempt has settled.
    """

    __slots__ = ("cancelled", "claim", "delivered", "held_until", "leave_at", "lost", "sender")

    def __init__(self, claim: Claim, *, leave_at: float, held_until: float) -> None:
        self.claim = claim
        self.leave_at = leave_at
        self.held_until = held_until
        self.sender: object = None
        self.lost = False
        self.cancelled = False
        self.delivered: frozenset[str] = frozenset()

    @property
    def taken(self) -> bool:
        """Whether a sender has it."""
        return self.sender is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the coordinator tells a sender: an outcome is on disk, or whether a final dot may be written."""

    work: Work
    granted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a piece of work: an attempt to judge, a decision, or nothing when the lease was lost."""

    work: Work
    result: Attempt | Decision | None
    answers: Channel[Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A sender asks for a durable note before it writes the final dot."""

    work: Work
    answers: Channel[Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A sender has ended."""

    account: str


@dataclass(frozen=True, slots=True)
class Rung:
    """There may be something to claim."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Finish what is in flight, give back the rest, and end."""
