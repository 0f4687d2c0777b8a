from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import UsageError
from envoi.message.stamp import Stamp, date_field

zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1900, 1, 1), timezones=zones | st.just(UTC)))  # noqa: DTZ001
def test_dates_are_read_back_and_are_what_the_standard_library_writes(instant):
    instant = instant.replace(microsecond=0)
    assert parsedate_to_datetime(date_field(instant)) == instant
    assert date_field(instant) == format_datetime(instant)


def test_fresh_stamps_differ():
    first, second = Stamp.fresh(), Stamp.fresh()
    assert first.token != second.token
    assert first.at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("token", ["", "a b", "é", "x" * 49, "a\n"])
def test_tokens_are_letters_and_digits(token):
    with pytest.raises(UsageError, match="token"):
        Stamp(at=datetime(2026, 1, 1, tzinfo=UTC), token=token)


def test_an_instant_has_a_time_zone():
    with pytest.raises(UsageError, match="time zone"):
        Stamp(at=datetime(2026, 1, 1), token="x")  # noqa: DTZ001
