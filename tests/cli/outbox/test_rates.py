"""Rates and the backlog, from look to look."""

from __future__ import annotations

from envoi.cli.outbox.rates import Rates
from envoi.outbox.model import Stage, State, Stats


def _look(waiting: int, delivered: int) -> Stats:
    return Stats(
        stages={Stage.WAITING: waiting},
        accounts={},
        due=waiting,
        oldest_due_at=None,
        settled={State.DELIVERED: delivered},
    )


def test_a_rate_is_the_difference_by_the_time() -> None:
    rates = Rates(0.5)
    assert rates.per_second(State.DELIVERED) == 0
    for delivered in (0, 10, 20):
        rates.add(_look(9, delivered))
    assert rates.per_second(State.DELIVERED) == 20
    assert "delivered 20.0, failed 0.0" in rates.line(_look(9, 20))


def test_the_backlog_is_drawn_against_its_highest() -> None:
    rates = Rates(1)
    assert rates.backlog() == ""
    rates.add(_look(0, 0))
    assert rates.backlog() == "▁"
    rates.add(_look(100, 0))
    rates.add(_look(50, 0))
    assert rates.backlog() == "▁█▅"
