"""Instants name a moment, or they are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from envoi.errors import UsageError
from envoi.outbox.instants import require_zone
from envoi.outbox.model import Query

NAIVE = datetime(2027, 1, 1)  # noqa: DTZ001 - the very mistake


def test_any_time_zone_will_do() -> None:
    require_zone(
        at=NAIVE.replace(tzinfo=UTC), until=NAIVE.replace(tzinfo=timezone(timedelta(hours=5))), no=None
    )


def test_without_a_time_zone_there_is_no_instant() -> None:
    with pytest.raises(UsageError, match="at needs a time zone"):
        require_zone(at=NAIVE)
    with pytest.raises(UsageError, match="since needs a time zone"):
        Query(since=NAIVE)
