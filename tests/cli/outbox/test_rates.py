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
    rates = Rates()
    assert rates.per_second(State.DELIVERED) == 0
    for at, delivered in ((7.0, 0), (7.5, 10), (8.0, 20)):
        rates.add(_look(9, delivered), at)
    assert rates.per_second(State.DELIVERED) == 20
    assert "delivered 20.0, failed 0.0" in rates.line(_look(9, 20))


def test_a_look_that_took_long_makes_no_higher_rate() -> None:
    rates = Rates()
    rates.add(_look(9, 0), 0.0)
    rates.add(_look(9, 100), 5.0)
    assert rates.per_second(State.DELIVERED) == 20


def test_a_rate_is_that_of_the_last_ten_looks() -> None:
    rates = Rates()
    for at in range(30):
        rates.add(_look(9, 0 if at < 20 else (at - 19) * 5), at)
    assert rates.per_second(State.DELIVERED) == 5


def test_the_backlog_is_drawn_against_its_highest() -> None:
    rates = Rates()
    assert rates.backlog() == ""
    rates.add(_look(0, 0), 1)
    assert rates.backlog() == "▁"
    rates.add(_look(100, 0), 2)
    rates.add(_look(50, 0), 3)
    assert rates.backlog() == "▁█▅"
