"""A clock that stands still: for tests in which time passes without anybody waiting.

`FakeClock` is the Clock port for both colours. It moves when somebody sleeps or a read times out,
and by nothing else.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["FakeClock"]

_START = datetime(2026, 1, 1, tzinfo=UTC)


class FakeClock:
    """Time that passes only when told to.

    Args:
        start: the aware instant at which it begins.
    """

    __slots__ = ("_elapsed", "_start")

    def __init__(self, start: datetime = _START) -> None:
        self._start = start
        self._elapsed = 0.0

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._elapsed

    def now(self) -> datetime:
        """The aware instant: the start, and what has passed since."""
        return self._start + timedelta(seconds=self._elapsed)

    def advance(self, seconds: float) -> None:
        """Let time pass; never backwards."""
        self._elapsed += max(seconds, 0.0)

    async def sleep(self, seconds: float) -> None:
        """Let time pass, and return at once."""
        self.advance(seconds)
