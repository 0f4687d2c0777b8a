from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.message.problems.letters import kinds, letter


@pytest.mark.parametrize(
    "text", ["yesterday", "Sun, 32 Nov 2026 08:30:00 +0000", "", "Sun, 22 Nov 99999 08:30:00 +0000"]
)
def test_finds_what_is_no_date(text):
    assert kinds(letter(Date=text)) == [("date", "warning")]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Mon, 23 Nov 2026 08:30:00 +0000", True),
        ("Sun, 22 Nov 2026 18:30:00 +0000", False),
        ("Sun, 22 Nov 2026 18:30:00 -0500", True),
        ("Sun, 22 Nov 2026 08:30:00 -0000", False),
        ("Thu, 19 Nov 2026 08:30:00 +0000", False),
        ("Tue, 17 Nov 2026 08:30:00 +0000", True),
    ],
)
def test_holds_the_date_against_the_present(text, wrong):
    assert kinds(letter(Date=text)) == [("date", "warning")] * wrong
    assert kinds(letter(Date=text), now=None) == []


def test_lets_received_mail_be_old():
    old = letter(
        Date="Tue, 17 Nov 2020 08:30:00 +0000", Received="from a by b; Tue, 17 Nov 2020 08:30:00 +0000"
    )
    assert kinds(old, now=datetime(2026, 1, 1, tzinfo=UTC)) == []


@pytest.mark.parametrize(
    "text", ["1@example.org", "<1>", "<1@example.org> <2@example.org>", "<a b@example.org>", ""]
)
def test_finds_what_is_no_identifier(text):
    assert kinds(letter(Message_ID=text)) == [("message-id", "warning")]


def test_finds_an_identifier_of_this_machine():
    assert kinds(letter(Message_ID="<1@localhost>")) == [("message-id", "hint")]
