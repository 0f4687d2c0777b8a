"""How much a worker claims at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi.outbox.portions import Portions
from tests.outbox.values import START

if TYPE_CHECKING:
    from datetime import datetime


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = 100.0

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return START

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.mark.parametrize(
    ("messages", "seconds", "claimed"),
    [
        (0, 10.0, 8),
        (13, 1.0, 8),
        (80, 0.5, 40),
        (300, 0.1, 64),
        (8, 0.0, 8),
    ],
)
def test_a_claim_lasts_a_quarter_of_a_second(messages: int, seconds: float, claimed: int) -> None:
    clock = Watch()
    portions = Portions(4, clock)
    assert portions.size == 8
    portions.settled(messages)
    clock.time += seconds
    assert portions.measure(1) == portions.size == claimed


def test_what_was_settled_long_ago_does_not_count() -> None:
    clock = Watch()
    portions = Portions(4, clock)
    portions.settled(1000)
    clock.time += 1
    assert portions.measure(1) == 64
    clock.time += 1
    assert portions.measure(1) == 8


def test_with_several_accounts_nobody_gets_more_than_he_needs() -> None:
    clock = Watch()
    portions = Portions(4, clock)
    portions.settled(1000)
    clock.time += 1
    assert portions.measure(2) == 8
