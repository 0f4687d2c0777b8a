"""When a fault holds: the counting that faults, being values, cannot do themselves.

One book per server, asked at each answer. What then happens is told by the fault and done by `connection`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envoi.smtp.commands import Verb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi.testing.faults import Fault

__all__ = ["FaultBook", "Occasion"]

_ALSO: dict[Verb | None, tuple[str, ...]] = {
    Verb.EHLO: ("HELLO",),
    Verb.HELO: ("HELLO",),
    Verb.LHLO: ("HELLO",),
    Verb.BDAT_LAST: ("BDAT", "CONTENT"),
}
"""What an occasion is called beside its own name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """An answer is due.

    Attributes:
        verb: to what; None for a command nobody knows.
        address: about whom, for MAIL, RCPT, and the end of a message with LMTP.
        connection: on which connection, from 1.
        encrypted: under TLS.
    """

    verb: Verb | None
    address: str | None
    connection: int
    encrypted: bool

    def is_called(self, name: str) -> bool:
        """Whether `name` means this occasion."""
        own = () if self.verb is None else (self.verb.value.upper(),)
        return name == "*" or name.upper() in (*own, *_ALSO.get(self.verb, ()))


class FaultBook:
    """The faults of a server, and how often each has had its occasion."""

    __slots__ = ("_faults", "_seen")

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._faults = faults
        # By identity: two equal faults are two. The fault is kept, so that no other gets its identity.
        self._seen: dict[int, tuple[Fault, int]] = {}

    def at(self, occasion: Occasion) -> list[Fault]:
        """Return the faults that hold on an occasion, and count it."""
        return [fault for fault in self._faults if fault.at and self._holds(fault, occasion)]

    def by_octets(self, connection: int) -> list[Fault]:
        """Return the faults that depend on the octets of a connection."""
        return [
            fault
            for fault in self._faults
            if not fault.at and fault.when.get("connection") in (None, connection)
        ]

    def _holds(self, fault: Fault, occasion: Occasion) -> bool:
        when = fault.when
        if not (
            occasion.is_called(fault.at)
            and when.get("address") in (None, occasion.address)
            and when.get("connection") in (None, occasion.connection)
            and when.get("encrypted") in (None, occasion.encrypted)
        ):
            return False
        seen = self._seen.get(id(fault), (fault, 0))[1] + 1
        self._seen[id(fault)] = fault, seen
        return when.get("nth") in (None, seen) and seen <= when.get("times", seen)
