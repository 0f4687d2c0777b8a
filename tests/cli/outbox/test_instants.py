"""Instants as people type and read them."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta

import pytest

from envoi.cli.outbox import instants

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instants, "now", lambda: NOW)


@pytest.mark.parametrize(
    ("text", "distance"),
    [
        ("90s", timedelta(seconds=90)),
        ("2 h", timedelta(hours=2)),
        ("5d", timedelta(days=5)),
        ("1w", timedelta(7)),
    ],
)
def test_a_distance_goes_the_way_that_is_meant(text: str, distance: timedelta) -> None:
    assert instants.ahead(text) == NOW + distance
    assert instants.back(text) == NOW - distance


def test_an_instant_is_one_of_this_machine_unless_it_says_otherwise() -> None:
    assert instants.ahead("2026-03-01T08:00+01:00") == datetime(2026, 3, 1, 7, tzinfo=UTC)
    assert instants.ahead("2026-03-01T08:00") == datetime(2026, 3, 1, 8).astimezone()
    with pytest.raises(ArgumentTypeError, match="soon"):
        instants.ahead("soon")


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (timedelta(seconds=-5), "5 s ago"),
        (timedelta(minutes=5), "in 5 min"),
        (timedelta(hours=-3), "3 h ago"),
        (timedelta(days=40), "in 40 d"),
    ],
)
def test_distances_are_read_in_their_largest_unit(distance: timedelta, text: str) -> None:
    assert instants.ago(NOW + distance) == text


def test_what_should_have_left_is_due() -> None:
    assert instants.coming(NOW) == instants.coming(NOW - timedelta(hours=1)) == "due now"
    assert instants.coming(NOW + timedelta(hours=1)) == "next in 60 min"
