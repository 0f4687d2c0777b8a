"""`EmailSetTimeOut` and `EmailGetTimeOut`: how long a server may be silent.

They hold for all sessions that are opened afterwards. Until it is set, each phase has its own time
(`envoi.Timeouts`), the longest of them the original's ten minutes: behind the final dot, giving up early
means not to know whether the message was taken.
"""

from __future__ import annotations

import re
from datetime import timedelta

from envoi import Timeouts
from envoi.errors import UsageError
from envoi.wlanguage.last_error import leaves_error

__all__ = ["EmailChangeTimeOut", "EmailGetTimeOut", "EmailLitTimeOut", "EmailSetTimeOut", "timeouts"]

_UNITS = {"ms": 0.001, "cs": 0.01, "s": 1, "min": 60, "m": 60, "h": 3600}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|cs|s|min|m|h)\s*")


class _Setting:
    """What was set, for the whole program."""

    value = Timeouts()


@leaves_error(otherwise=False)
def EmailSetTimeOut(duration: float | timedelta | str) -> bool:
    """Let a server be silent for at most so long in every phase.

    Args:
        duration: seconds, a `timedelta`, or a number with its unit: ``"30 s"``, ``"2 min"``, ``"500 ms"``.
    """
    _Setting.value = Timeouts.of(_seconds(duration))
    return True


def EmailGetTimeOut() -> float:
    """Return the longest silence in seconds; 600 until it is set."""
    longest = _Setting.value.final
    return 0.0 if longest is None else longest


EmailChangeTimeOut, EmailLitTimeOut = EmailSetTimeOut, EmailGetTimeOut


def timeouts() -> Timeouts:
    """What a session that is opened now gets."""
    return _Setting.value


def _seconds(duration: float | timedelta | str) -> float:
    if isinstance(duration, timedelta):
        return duration.total_seconds()
    if isinstance(duration, str):
        match = _DURATION.fullmatch(duration)
        if match is None:
            raise UsageError(
                f"{duration!r} is no duration; write a number of seconds, or '30 s', '2 min', '500 ms'"
            )
        return float(match[1]) * _UNITS[match[2]]
    return duration
