"""Instants as the tables have them: whole microseconds since 1970, UTC.

Integers compare and index quickly, and lose nothing of what a `datetime` holds. Ids are the octets of what
the values spell in hexadecimal digits; that is here too, since both cross the same line.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["SECOND", "from_micros", "micros", "octets_of"]

SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(instant: datetime) -> int:
    """Return an aware instant as the tables have it."""
    return (instant - _EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    """Return what `micros` wrote."""
    return _EPOCH + timedelta(microseconds=value)


def octets_of(identity: str) -> bytes:
    """Return an id as the tables have it; what is no id gives octets that no row has."""
    try:
        return bytes.fromhex(identity)
    except ValueError:
        return b""
