"""Instants as people type them and read them: ``2026-03-01T08:00``, ``2h``, ``3 h ago``.

A bare number with a unit is a distance from now, backwards or forwards as the option has it. An instant
without a time zone is one of this machine's.
"""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from datetime import datetime, timedelta

from envoi.drivers.system import now

__all__ = ["ago", "ahead", "back", "coming", "shown"]

_DISTANCE = re.compile(r"(\d+)\s*(s|m|h|d|w)")
_STEPS = ((90, "s", 1), (5400, "min", 60), (129_600, "h", 3600), (float("inf"), "d", 86_400))
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def ahead(text: str) -> datetime:
    """Read an instant, or how far it is away."""
    return _instant(text, 1)


def back(text: str) -> datetime:
    """Read an instant, or how long it is ago."""
    return _instant(text, -1)


def _instant(text: str, direction: int) -> datetime:
    match = _DISTANCE.fullmatch(text.strip())
    if match is not None:
        return now() + direction * timedelta(seconds=int(match[1]) * _UNITS[match[2]])
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is neither 30m, 2h or 5d nor like 2026-03-01T08:00") from None


def shown(instant: datetime) -> str:
    """The instant in this machine's time zone, to the second."""
    return f"{instant.astimezone():%Y-%m-%d %H:%M:%S}"


def ago(instant: datetime) -> str:
    """How far an instant is away, in words: ``3 h ago``, ``in 5 min``."""
    seconds = (instant - now()).total_seconds()
    unit, length = next((unit, length) for most, unit, length in _STEPS if abs(seconds) < most)
    count = f"{round(abs(seconds) / length)} {unit}"
    return f"in {count}" if seconds > 0 else f"{count} ago"


def coming(instant: datetime) -> str:
    """When an attempt will be made: ``due now``, ``next in 5 min``."""
    return "due now" if instant <= now() else f"next {ago(instant)}"
