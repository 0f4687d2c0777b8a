from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from envoi.errors import UsageError
from envoi.message.address import Address
from envoi.message.calendar import Event, Invitation

MADE = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def event(**fields):
    return Event(
        **{
            "uid": "1@example.org",
            "start": datetime(2026, 12, 1, 9, tzinfo=timezone(timedelta(hours=1))),
            "end": datetime(2026, 12, 1, 10, tzinfo=timezone(timedelta(hours=1))),
            "summary": "Planning; été, a\\b",
            "organizer": Address.parse('"The \\"boss\\"" <boss@example.org>'),
            **fields,
        }
    )


def lines(invitation):
    return invitation.text.replace("\r\n ", "").split("\r\n")


def test_an_event_becomes_a_request():
    attendee = Address.parse("b@example.org")
    found = lines(
        event(attendees=(attendee,), location="Room 1", description="a\nb").invitation(made_at=MADE)
    )
    assert found[:4] == ["BEGIN:VCALENDAR", "PRODID:-//envoi//EN", "VERSION:2.0", "METHOD:REQUEST"]
    for line in (
        "DTSTAMP:20261122T083000Z",
        "DTSTART:20261201T080000Z",
        "DTEND:20261201T090000Z",
        r"SUMMARY:Planning\; été\, a\\b",
        "LOCATION:Room 1",
        r"DESCRIPTION:a\nb",
        "STATUS:CONFIRMED",
        "ORGANIZER;CN=\"The 'boss'\":mailto:boss@example.org",
        "ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:b@example.org",
    ):
        assert line in found


def test_a_cancellation_says_so():
    invitation = event(sequence=1).invitation("CANCEL", made_at=MADE)
    assert invitation.method == "CANCEL"
    assert {"METHOD:CANCEL", "STATUS:CANCELLED", "SEQUENCE:1"} <= set(lines(invitation))


def test_whole_days_are_dates():
    found = lines(event(start=date(2026, 12, 24), end=date(2026, 12, 27)).invitation(made_at=MADE))
    assert {"DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261227"} <= set(found)


def test_lines_are_at_most_75_octets_and_cut_between_characters():
    text = event(summary="日本語" * 60).invitation(made_at=MADE).text
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    assert "日本語" * 60 in text.replace("\r\n ", "")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"end": date(2026, 12, 1)}, "both instants or both dates"),
        ({"start": datetime(2026, 12, 1, 9)}, "time zone"),  # noqa: DTZ001
        ({"end": datetime(2026, 12, 1, 8, tzinfo=UTC)}, "ends after it starts"),
        ({"uid": "a\r\nb"}, "uid of the event"),
    ],
)
def test_impossible_events_are_refused(fields, reason):
    with pytest.raises(UsageError, match=reason):
        event(**fields)


@pytest.mark.parametrize(
    ("text", "method", "reason"),
    [
        ("x", "REQUEST", "iCalendar text"),
        ("BEGIN:VCALENDAR\nMETHOD:CANCEL\n", "REQUEST", "says CANCEL and the invitation REQUEST"),
        ("BEGIN:VCALENDAR\n", "REQUEST", "says no METHOD"),
        ("BEGIN:VCALENDAR\nMETHOD:X\n", "X", "no iTIP method"),
        ("BEGIN:VCALENDAR\nMETHOD:REQUEST\n\ud800", "REQUEST", "surrogate"),
    ],
)
def test_other_texts_are_refused(text, method, reason):
    with pytest.raises(UsageError, match=reason):
        Invitation(text=text, method=method)
