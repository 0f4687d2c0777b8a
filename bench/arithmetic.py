"""What many noisy measurements come down to: medians, their spread, and ratios within rounds.

A machine has moods that last longer than a turn, so the ratio of two contestants is the median of the
ratios of their turns in the same rounds, never the ratio of two medians. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Spread", "next_count", "ratio", "rotated"]

T = TypeVar("T")

_GROWTH = 8
"""How much longer a turn may become from one trial to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A median, and the middle half around it."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of one value or more.

        Raises:
            ValueError: there are none.
        """
        if not values:
            raise ValueError("nothing was measured")
        if len(values) == 1:
            return cls(low=values[0], median=values[0], high=values[0])
        low, _, high = quantiles(values, n=4, method="inclusive")
        return cls(low=low, median=median(values), high=high)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """How many times theirs ours is, over values of the same rounds.

    Raises:
        ValueError: there are none, or not as many.
    """
    if not ours:
        raise ValueError("nothing was measured")
    return median(mine / other for mine, other in zip(ours, theirs, strict=True))


def next_count(count: int, seconds: float, wanted: float) -> int | None:
    """How many messages to try next so that a turn takes the wanted seconds; None when `count` will do."""
    if seconds >= wanted / 2:
        return None
    return max(count + 1, int(count * min(_GROWTH, wanted / seconds)))


def rotated(names: Sequence[T], by: int) -> list[T]:
    """The same in another order, so that nobody always follows the same."""
    first = by % len(names) if names else 0
    return [*names[first:], *names[:first]]
