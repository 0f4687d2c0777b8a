"""What makes one message different from every other: its date, and a token nobody can guess.

Both are drawn once, when an `Email` is made, so that every attempt to send it gives the same bytes; whoever
wants other ones passes a `Stamp`. The default is the one place in `envoi.message` that asks the clock and the
system's randomness (see docs/decisions/0011). Message-IDs and boundaries are made of it in `email` and
`compose`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime

from envoi.errors import UsageError

__all__ = ["Stamp", "date_field"]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """When a message was made, and its token.

    Attributes:
        at: an aware instant.
        token: ASCII letters and digits; boundaries are safe as long as nobody can foresee it.

    Raises:
        UsageError: `at` has no time zone, or the token has other characters.
    """

    at: datetime
    token: str

    def __post_init__(self) -> None:
        if self.at.utcoffset() is None:
            raise UsageError("the date of a message needs a time zone: datetime(…, tzinfo=UTC)")
        if not (self.token.isascii() and self.token.isalnum() and len(self.token) <= 48):
            raise UsageError("the token of a stamp is 1 to 48 ASCII letters and digits")

    @classmethod
    def fresh(cls) -> Stamp:
        """The present instant and 128 random bits."""
        made = object.__new__(cls)  # not through the constructor, which would check what is known to be right
        object.__setattr__(made, "at", datetime.now(UTC))  # noqa: TID251
        object.__setattr__(made, "token", os.urandom(16).hex())
        return made


def date_field(instant: datetime) -> str:
    """The instant as header fields have it: ``Sun, 22 Nov 2026 08:30:00 +0100`` (RFC 5322 §3.3)."""
    offset = "+0000" if instant.tzinfo is UTC else instant.strftime("%z")[:5]
    return (
        f"{_DAYS[instant.weekday()]}, {instant.day:02} {_MONTHS[instant.month - 1]} {instant.year:04} "
        f"{instant.hour:02}:{instant.minute:02}:{instant.second:02} {offset}"
    )
