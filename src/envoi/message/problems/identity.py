"""Checks of when a message was written and what it is called: Date and Message-ID (RFC 5322 §3.6.1, §3.6.4).

The present is an argument: without it no date is too old. Whether the fields are there, `fields` checks.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from envoi.message.problems.problem import Kind, hint, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.message.problems.outline import Outline
    from envoi.message.problems.problem import Problem

__all__ = ["check_identity"]

_AHEAD = timedelta(hours=12)
"""Wrong time zones are of hours; beyond that filters count it."""
_BEHIND = timedelta(days=4)
"""SpamAssassin counts 96 hours most."""
_IDENTIFIER = re.compile(r"<[^<>@\s]+@(?P<domain>[^<>@\s]+)>")


def check_identity(message: Outline, now: datetime | None) -> Iterator[Problem]:
    """Everything that is wrong with date and identifier."""
    for field in message.root.all("Date")[:1]:
        written = _date(field.text)
        if written is None:
            yield warning(
                Kind.DATE,
                "Date",
                f"{field.text!r} is no date",
                "Write it as “Sun, 22 Nov 2026 08:30:00 +0100” (RFC 5322 §3.3).",
            )
        elif now is not None:
            # What has been received may be as old as it likes.
            yield from _of_date(written, now, sent=bool(message.root.all("Received")))
    for field in message.root.all("Message-ID")[:1]:
        yield from _of_identifier(field.text)


def _of_date(written: datetime, now: datetime, *, sent: bool) -> Iterator[Problem]:
    if written - now > _AHEAD:
        yield warning(
            Kind.DATE,
            "Date",
            f"{written:%Y-%m-%d %H:%M %z} is in the future",
            "Set the clock, or the time zone; filters count it.",
        )
    elif now - written > _BEHIND and not sent:
        yield warning(
            Kind.DATE,
            "Date",
            f"{written:%Y-%m-%d %H:%M %z} is {(now - written).days} days ago",
            "Give it the date of today when it is sent; it is sorted below what has been read long ago.",
        )


def _of_identifier(text: str) -> Iterator[Problem]:
    found = _IDENTIFIER.fullmatch(text)
    if found is None or not text.isascii():
        yield warning(
            Kind.MESSAGE_ID,
            "Message-ID",
            f"{text[:80]!r} is not of the form <unique@domain>",
            "Write one in angle brackets, in ASCII, without spaces (RFC 5322 §3.6.4); Gmail refuses others.",
        )
    elif "." not in found["domain"]:
        yield hint(
            Kind.MESSAGE_ID,
            "Message-ID",
            f"its right side, {found['domain']}, is no public domain",
            "Use the domain that the mail is from, so that nobody else makes the same one.",
        )


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
        return found.replace(tzinfo=UTC) if found.utcoffset() is None else found.astimezone(found.tzinfo)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
