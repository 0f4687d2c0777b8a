from __future__ import annotations

from datetime import UTC, datetime

from envoi.session.run import run_sync
from envoi.testing import FakeClock


def test_stands_still() -> None:
    clock = FakeClock()
    assert clock.monotonic() == clock.monotonic() == 0.0
    assert clock.now() == clock.now()


def test_moves_when_somebody_sleeps() -> None:
    clock = FakeClock(datetime(2026, 5, 1, tzinfo=UTC))
    run_sync(clock.sleep(90))
    assert clock.monotonic() == 90.0
    assert clock.now() == datetime(2026, 5, 1, 0, 1, 30, tzinfo=UTC)


def test_never_moves_backwards() -> None:
    clock = FakeClock()
    clock.advance(-1)
    assert clock.monotonic() == 0.0
