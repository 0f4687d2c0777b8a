"""What of an account's limits is used, and until when it must pause. Pure: an engine keeps it as JSON.

An engine holds the account's row locked, reads the state, asks `admit` how many of the messages that are due
may be claimed, and writes the state back in the same transaction: that lock is what makes a limit hold
over all workers and machines.

A second's limit is a clock (the generic cell rate algorithm): each message gets an instant of its own, so
that no burst builds up. Hours and days are counted in buckets of a sixtieth: bursts are fine there. Both
run at most a thirtieth below the limit: the room for messages that leave later than planned. After a failure
to reach the server the first message that leaves is a probe, alone; what a failure or a success changes is in
`account_changes`.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envoi.outbox.account_rules import Limits

__all__ = ["AccountState", "Admission", "admit", "hold_connections"]

#: How much slower than allowed the clock of a second runs; absorbs what leaves late.
SLACK = 1.03
#: How far ahead of its instant a message may be claimed, seconds.
AHEAD = 0.5
#: A window is cut into this many buckets; two more are kept, the one that leaves it in part and one for
#: messages that leave late.
BUCKETS = 60
KEPT = BUCKETS + 2
HOUR, DAY = 3600, 86400
#: How long the one that tries whether the server is back has the way to itself, seconds.
PROBE = 120.0
#: No pause is longer, seconds; what seems longer was written before the clock was set back.
LONGEST_PAUSE = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """What is used. Instants are seconds since 1970.

    Attributes:
        clock: when the next message of the per-second limit may leave.
        used: name of a limit → bucket number → how much was used in it.
        paused_until: nothing is claimed before; 0 for not paused.
        failures: failures to reach the server in a row, or refusals for being too fast.
        probing: somebody tries whether the server is back, and the pause is the time for that.
        pace: seconds between messages, learnt from a server that was sent too many; 0 for none.
        connections: owner → (how many it holds, until when).
    """

    clock: float = 0.0
    used: Mapping[str, Mapping[int, int]] = field(default_factory=dict[str, "Mapping[int, int]"])
    paused_until: float = 0.0
    failures: int = 0
    probing: bool = False
    pace: float = 0.0
    connections: Mapping[str, tuple[int, float]] = field(default_factory=dict[str, tuple[int, float]])

    def to_json(self) -> str:
        """The state as an engine keeps it."""
        return json.dumps(
            {name: value for name in self.__dataclass_fields__ if (value := getattr(self, name))},
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> AccountState:
        """Read back what `to_json` wrote; names it does not know are another version's and stay out."""
        known = {
            name: value
            for name, value in json.loads(text or "{}").items()
            if name in cls.__dataclass_fields__
        }
        known["used"] = {
            name: {int(number): count for number, count in buckets.items()}
            for name, buckets in known.get("used", {}).items()
        }
        known["connections"] = {
            owner: (count, until) for owner, (count, until) in known.get("connections", {}).items()
        }
        return cls(**known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """How many of the candidates may be claimed, when each may leave, and when to ask again."""

    instants: tuple[datetime, ...]
    state: AccountState
    wake_at: datetime | None = None


def admit(limits: Limits, state: AccountState, recipients: Sequence[int], now: datetime) -> Admission:
    """Take permits for as many of the candidates as the limits allow, in their order.

    Args:
        limits: the account's.
        state: what is used of them.
        recipients: how many recipients each candidate offers.
        now: the instant, of the engine's clock.
    """
    moment = now.timestamp()
    if moment < state.paused_until <= moment + LONGEST_PAUSE:
        return Admission(instants=(), state=state, wake_at=_instant(state.paused_until))
    if state.failures:
        recipients = recipients[:1]
    step = max(SLACK / limits.messages_per_second if limits.messages_per_second else 0.0, state.pace)
    # Further ahead than it can get, it was written before the machine's clock was set back.
    clock = state.clock if moment < state.clock <= moment + AHEAD + step else moment
    windows = [_Window.of(name, limit, length, state, moment) for name, limit, length in _windows(limits)]
    instants: list[datetime] = []
    wake_at = None
    for count in recipients:
        full = [
            window.free_at(window.cost(count)) for window in windows if not window.takes(window.cost(count))
        ]
        if full:
            wake_at = _instant(max(full))
            break
        if clock > moment + AHEAD:
            wake_at = _instant(clock - AHEAD / 2)
            break
        for window in windows:
            window.take(window.cost(count))
        instants.append(_instant(clock))
        clock += step
    if not instants:
        return Admission(instants=(), state=state, wake_at=wake_at)
    used = {window.name: window.buckets for window in windows}
    state = replace(state, clock=clock if step else 0.0, used=used)
    if state.failures:
        state = replace(state, probing=True, paused_until=moment + PROBE)
        wake_at = _instant(state.paused_until)
    return Admission(instants=tuple(instants), state=state, wake_at=wake_at)


def hold_connections(
    limits: Limits, state: AccountState, owner: str, wanted: int, now: datetime, lease: float
) -> tuple[int, AccountState]:
    """Let an owner hold up to `wanted` connections for `lease` seconds; return how many, and the state."""
    moment = now.timestamp()
    others = {
        name: held
        for name, held in state.connections.items()
        if moment < held[1] <= moment + LONGEST_PAUSE and name != owner
    }
    free = wanted if limits.connections is None else limits.connections - sum(n for n, _ in others.values())
    count = max(0, min(wanted, free))
    if count:
        others[owner] = (count, moment + lease)
    return count, replace(state, connections=others)


def _windows(limits: Limits) -> list[tuple[str, int, int]]:
    asked = (
        ("messages_per_hour", limits.messages_per_hour, HOUR),
        ("messages_per_day", limits.messages_per_day, DAY),
        ("recipients_per_day", limits.recipients_per_day, DAY),
    )
    return [(name, limit, length) for name, limit, length in asked if limit is not None]


@dataclass(slots=True, kw_only=True)
class _Window:
    """The buckets of one sliding window, the one that is filled now included."""

    name: str
    limit: int
    width: float
    current: int
    buckets: dict[int, int]

    @classmethod
    def of(cls, name: str, limit: int, length: int, state: AccountState, moment: float) -> _Window:
        width = length / BUCKETS
        current = int(moment // width)
        recent: dict[int, int] = {}
        for number, count in state.used.get(name, {}).items():
            if number > current - KEPT:
                # After the clock was set back, what seems to lie ahead was used a moment ago.
                recent[min(number, current)] = recent.get(min(number, current), 0) + count
        return cls(name=name, limit=limit, width=width, current=current, buckets=recent)

    def cost(self, recipients: int) -> int:
        """What a message uses up; one that is larger than the limit waits for an empty window."""
        return min(recipients, self.limit) if self.name == "recipients_per_day" else 1

    def takes(self, cost: int) -> bool:
        return sum(self.buckets.values()) + cost <= self.limit

    def take(self, cost: int) -> None:
        self.buckets[self.current] = self.buckets.get(self.current, 0) + cost

    def free_at(self, cost: int) -> float:
        """When enough of the oldest buckets have left the window."""
        missing = sum(self.buckets.values()) + cost - self.limit
        numbers = sorted(self.buckets)
        freed = list(accumulate(self.buckets[number] for number in numbers))
        return (numbers[bisect_left(freed, missing)] + KEPT) * self.width


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
