"""Calendar invitations: `text/calendar` with a method, as Outlook and Gmail show them (RFC 5546, RFC 6047).

An `Invitation` carries iCalendar text, from any library or from an `Event` of this module, which writes the
few properties that a request, a change or a cancellation needs. Where the part stands in a message is decided
in `compose`: as the last alternative, and once more as a file for programs that look for one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Literal, get_args

from envoi.errors import UsageError
from envoi.message.characters import refuse_controls, refuse_surrogates

if TYPE_CHECKING:
    from envoi.message.address import Address

__all__ = ["Event", "Invitation", "Method"]

Method = Literal["PUBLISH", "REQUEST", "REPLY", "CANCEL", "ADD", "REFRESH", "COUNTER", "DECLINECOUNTER"]
_METHODS = frozenset(get_args(Method))
_METHOD_LINE = re.compile(r"^METHOD:(\S+)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None})
_CONTENT_LINE = 73
"""Octets of a line before the fold: 75 with the space that begins the next, less a margin (RFC 5545 §3.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """iCalendar text and what it asks of the recipient.

    Attributes:
        text: a whole VCALENDAR, whose METHOD property says the same as `method`.
        method: REQUEST invites, CANCEL withdraws, REPLY answers.
        filename: of the copy that is attached.

    Raises:
        UsageError: no VCALENDAR, an unknown method, or a text with another one.
    """

    text: str
    method: Method = "REQUEST"
    filename: str = "invite.ics"

    def __post_init__(self) -> None:
        if self.method not in _METHODS:
            raise UsageError(f"{self.method!r} is no iTIP method (RFC 5546): REQUEST, CANCEL, REPLY, …")
        if "BEGIN:VCALENDAR" not in self.text:
            raise UsageError("an invitation needs iCalendar text, beginning with BEGIN:VCALENDAR")
        refuse_surrogates(self.text, "calendar", UsageError)
        stated = _METHOD_LINE.findall(self.text)
        if [one.upper() for one in stated] != [self.method]:
            # Outlook shows an attachment instead of buttons when the two differ (RFC 6047 §2.4).
            said = ", ".join(stated) or "no METHOD"
            raise UsageError(f"the calendar says {said} and the invitation {self.method}; they must agree")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event, for invitations that need no calendar library.

    Attributes:
        uid: the same for the invitation, its changes, its cancellation and the answers.
        start: an aware instant, or a date for a whole day.
        end: the same kind; the first instant or day after the event.
        summary: one line.
        organizer: who invites.
        attendees: who is invited.
        location: where.
        description: anything more.
        sequence: raised by one with each change.

    Raises:
        UsageError: start and end of different kinds, without time zone, or in the wrong order.
    """

    uid: str
    start: datetime | date
    end: datetime | date
    summary: str
    organizer: Address
    attendees: tuple[Address, ...] = ()
    location: str = ""
    description: str = ""
    sequence: int = 0

    def __post_init__(self) -> None:
        kinds = {isinstance(moment, datetime) for moment in (self.start, self.end)}
        if len(kinds) > 1:
            raise UsageError("start and end of an event are both instants or both dates")
        if any(isinstance(one, datetime) and one.utcoffset() is None for one in (self.start, self.end)):
            raise UsageError("start and end of an event need a time zone: datetime(…, tzinfo=…)")
        if not self.start < self.end:
            raise UsageError("an event ends after it starts; the end of a whole day is the next day")
        refuse_controls(self.uid, "uid of the event", error=UsageError)

    def invitation(self, method: Method = "REQUEST", *, made_at: datetime) -> Invitation:
        """The iCalendar text that invites to this event, changes or cancels it.

        Args:
            method: REQUEST or CANCEL, as a rule.
            made_at: the aware instant of writing (DTSTAMP).
        """
        properties = [
            "BEGIN:VCALENDAR",
            "PRODID:-//envoi//EN",
            "VERSION:2.0",
            f"METHOD:{method}",
            "BEGIN:VEVENT",
            f"UID:{_escaped(self.uid)}",
            f"DTSTAMP{_moment(made_at)}",
            f"DTSTART{_moment(self.start)}",
            f"DTEND{_moment(self.end)}",
            f"SEQUENCE:{self.sequence}",
            f"STATUS:{'CANCELLED' if method == 'CANCEL' else 'CONFIRMED'}",
            f"SUMMARY:{_escaped(self.summary)}",
            *([f"LOCATION:{_escaped(self.location)}"] if self.location else []),
            *([f"DESCRIPTION:{_escaped(self.description)}"] if self.description else []),
            f"ORGANIZER{_person(self.organizer)}",
            *(
                f"ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE{_person(a)}"
                for a in self.attendees
            ),
            "END:VEVENT",
            "END:VCALENDAR",
        ]
        return Invitation(text="".join(f"{_folded(one)}\r\n" for one in properties), method=method)


def _escaped(text: str) -> str:
    return text.replace("\r\n", "\n").translate(_ESCAPES)


def _moment(moment: datetime | date) -> str:
    if isinstance(moment, datetime):
        return f":{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return f";VALUE=DATE:{moment:%Y%m%d}"


def _person(address: Address) -> str:
    # A parameter value cannot hold a double quote at all (RFC 5545 §3.2).
    name = address.name.replace('"', "'")
    return f';CN="{name}":mailto:{address.spec}' if name else f":mailto:{address.spec}"


def _folded(line: str) -> str:
    """The content line on several lines of at most 75 octets, cut between characters."""
    lines: list[str] = []
    held, size = "", 0
    for character in line:
        octets = len(character.encode())
        if size + octets > _CONTENT_LINE:
            lines.append(held)
            held, size = "", 0
        held += character
        size += octets
    return "\r\n ".join([*lines, held])
