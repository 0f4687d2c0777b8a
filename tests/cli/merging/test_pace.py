from __future__ import annotations

from argparse import ArgumentTypeError
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.cli.merging.pace import Pace, seconds_allowed, seconds_between


@pytest.mark.parametrize(
    ("text", "seconds"), [("5/s", 0.2), ("100/m", 0.6), ("2000/h", 1.8), ("0.5/s", 2.0), (" 1/m ", 60.0)]
)
def test_reads_a_rate(text: str, seconds: float) -> None:
    assert seconds_between(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "5/d", "0/s", "0.0/h", "-1/s", "x/s", "1e3/s", "٣/s/s", "5 /s"])
def test_refuses_what_is_no_rate(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is no rate; write 5/s"):
        seconds_between(text)


@pytest.mark.parametrize(
    ("limits", "mails", "allowed"),
    [
        ({}, 9, (0.0, "")),
        ({"connections": 1, "recipients_per_message": 5}, 9, (0.0, "")),
        ({"messages_per_minute": 30}, 3, (2.0, "30 a minute")),
        ({"messages_per_hour": 100}, 100, (0.0, "")),
        ({"messages_per_hour": 100}, 101, (36.0, "100 an hour")),
        ({"messages_per_day": 2000, "messages_per_minute": 60}, 2000, (1.0, "60 a minute")),
        ({"messages_per_day": 2000, "messages_per_minute": 60}, 2001, (43.2, "2000 a day")),
    ],
)
def test_an_account_allows_so_much(limits: dict[str, int], mails: int, allowed: tuple[float, str]) -> None:
    assert seconds_allowed(limits, mails) == allowed


def test_the_first_waits_for_nothing_and_the_others_for_their_turn() -> None:
    pace = Pace(2.0)
    assert [pace.wait(10.0), pace.wait(10.0), pace.wait(13.0)] == [0.0, 2.0, 1.0]


def test_lost_time_is_not_made_up_for() -> None:
    pace = Pace(2.0)
    pace.wait(0.0)
    assert [pace.wait(100.0), pace.wait(100.0)] == [0.0, 2.0]


@given(st.floats(0, 100), st.lists(st.floats(0, 50), max_size=20))
def test_no_two_leave_closer_than_the_rate_allows(seconds: float, times: list[float]) -> None:
    pace, now, left = Pace(seconds), 0.0, []
    for passed in times:
        now += passed
        now += pace.wait(now)
        left.append(now)
    assert all(later - sooner >= seconds - 1e-6 for sooner, later in pairwise(left))
