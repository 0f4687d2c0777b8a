"""In which order addresses are tried, and when the next one starts (RFC 8305).

Pure policy, shared by both colours: a `Race` is told what happened and when, and says what to do
next; sockets and waiting are the connectors'. It also remembers why each attempt failed, and
tells it all when none is left.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envoi.drivers.failures import FIREWALL, reason, remedy, seconds
from envoi.errors import ConnectionFailed, DeadlineExceeded, Phase

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["Address", "Race", "interleave"]

ATTEMPT_DELAY = 0.25
"""Seconds before the next address is tried beside the one that has not answered (RFC 8305 §8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One address to connect to, as `socket` wants it: family and socket address."""

    family: int
    location: tuple[Any, ...]

    def __str__(self) -> str:
        host, port = self.location[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def interleave(addresses: Iterable[Address]) -> list[Address]:
    """Alternate the families, beginning with that of the first, and drop doubles (RFC 8305 §4)."""
    families: dict[int, deque[Address]] = {}
    for address in dict.fromkeys(addresses):
        families.setdefault(address.family, deque()).append(address)
    ordered: list[Address] = []
    while families:
        for family, queue in list(families.items()):
            ordered.append(queue.popleft())
            if not queue:
                del families[family]
    return ordered


class Race:
    """The attempts on one host: at most one starts every `ATTEMPT_DELAY`, or at once after a failure."""

    __slots__ = ("_failures", "_next_at", "_running", "_target", "_waiting")

    def __init__(self, target: str, addresses: Iterable[Address]) -> None:
        self._target = target
        self._waiting = deque(interleave(addresses))
        self._running: list[Address] = []
        self._failures: list[tuple[Address, OSError]] = []
        self._next_at = float("-inf")

    def start(self, now: float) -> Address | None:
        """Return the address to try now, if one is due."""
        if not self._waiting or now < self._next_at:
            return None
        address = self._waiting.popleft()
        self._running.append(address)
        self._next_at = now + ATTEMPT_DELAY
        return address

    def failed(self, address: Address, error: OSError) -> None:
        """Record that an attempt failed; the next is due at once (RFC 8305 §5)."""
        self._running.remove(address)
        self._failures.append((address, error))
        self._next_at = float("-inf")

    @property
    def lost(self) -> bool:
        """Whether every address was tried and failed."""
        return not self._waiting and not self._running

    def patience(self, now: float, deadline: float | None) -> float | None:
        """Return how many seconds to wait for news; None for ever."""
        instants = [self._next_at] if self._waiting else []
        if deadline is not None:
            instants.append(deadline)
        return max(0.0, min(instants) - now) if instants else None

    def failure(self) -> ConnectionFailed:
        """Tell why no address could be reached."""
        remedies = dict.fromkeys(remedy(error) for _, error in self._failures)
        return ConnectionFailed(
            f"could not connect to {self._target}: {self._told()}",
            phase=Phase.CONNECT,
            remedy=" ".join(filter(None, remedies)),
        )

    def overdue(self, timeout: float | None) -> DeadlineExceeded:
        """Tell who had not answered when the time was over."""
        return DeadlineExceeded(
            f"no connection to {self._target} within {seconds(timeout)}: {self._told()}",
            phase=Phase.CONNECT,
            remedy=f"{FIREWALL}.",
        )

    def _told(self) -> str:
        told = [f"{address} {reason(error)}" for address, error in self._failures]
        told += [f"{address} did not answer" for address in self._running]
        told += [f"{address} was not tried" for address in self._waiting]
        return "; ".join(told)
