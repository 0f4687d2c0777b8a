from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envoi.errors import UsageError
from envoi.message.attachment import Attachment
from envoi.message.calendar import Invitation
from envoi.message.email import Email
from envoi.message.unsubscribe import Unsubscribe
from tests.message import strategies as some

ICS = "BEGIN:VCALENDAR\nMETHOD:CANCEL\nEND:VCALENDAR\n"


def spaceless(value) -> str:
    return "".join(str(value).replace('"', "").split())


def mail(head: str = "", body: str = "", start: str = "From: a@example.org\r\n") -> Email:
    return Email.from_bytes(f"{start}{head}\r\n{body}".encode())


@given(
    subject=some.names,
    text=some.bodies,
    html=st.none() | some.bodies,
    to=st.lists(some.addresses | some.groups, max_size=3),
    attachments=st.lists(some.attachments, max_size=2),
)
@settings(max_examples=150)
def test_what_was_written_is_read_back(subject, text, html, to, attachments):
    email = Email(
        sender="a@example.org", subject=subject, to=to, text=text, html=html, attachments=attachments
    )
    found = Email.from_bytes(email.to_bytes())
    assert (found.subject, found.message_id, found.date) == (email.subject, email.message_id, email.date)
    assert found.attachments == email.attachments
    assert [spaceless(one) for one in found.to] == [spaceless(one) for one in email.to]
    assert Email.from_bytes(found.to_bytes()).text == found.text


def test_everything_is_read_back():
    email = Email(
        sender="Zoë <a@example.org>",
        from_=["b@example.org", "c@example.org"],
        to="t: d@example.org;",
        cc="e@example.org",
        reply_to="f@example.org",
        subject="été",
        text="x\n",
        html="<p>é\n",
        priority="low",
        sensitivity="personal",
        read_receipt="g@example.org",
        language="fr",
        auto_submitted="auto-replied",
        in_reply_to="<1@x>",
        references="<0@x> <1@x>",
        headers={"X-Own": "été"},
        date=datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        unsubscribe=Unsubscribe(url="https://example.org/u", mailto="u@example.org", one_click=False),
        calendar=Invitation(text=ICS, method="CANCEL", filename="cancel.ics"),
        attachments=[
            Attachment.from_bytes(b"x", "logo.png", inline=True),
            Attachment(
                filename="a.txt", content_type="text/plain", charset="latin-1", description="Übersicht"
            ),
            Attachment.from_email(b"From: x@example.org\r\nSubject: Inner\r\n\r\nbody\r\n", "inner.eml"),
        ],
    )
    assert Email.from_bytes(email.to_bytes()) == email


def test_flowed_text_is_joined_again():
    email = Email(sender="a@example.org", text="word " * 40 + "end\n", flowed=True)
    assert Email.from_bytes(email.to_bytes()).text == email.text


def test_mails_of_others_are_read():
    found = mail(
        "Date: Sun, 22 Nov 2026 08:30:00 -0000\r\nBcc: b@example.org\r\nReceived: x\r\nX-Priority: 9\r\n"
        "List-Unsubscribe: <http://example.org>\r\nContent-Type: text/plain; charset=unheard-of\r\n",
        "é",
    )
    assert found.date == datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    assert found.text == "é"
    assert [str(one) for one in found.bcc] == ["b@example.org"]
    assert (found.headers, found.priority, found.unsubscribe) == ((), None, None)


def test_a_mail_with_html_alone_stays_so():
    found = mail("Content-Type: text/html\r\n", "<p>x")
    assert (found.html, found.text) == ("<p>x", "")
    assert b"text/plain" not in found.to_bytes()


def test_addresses_beyond_ascii_are_read_back():
    email = Email(sender="Zoë <zoë@example.org>", to="用户@例え.テスト", subject="été")
    found = Email.from_bytes(email.to_bytes())
    assert (found.sender, found.to, found.subject) == (email.sender, email.to, email.subject)
    assert mail(start="From: Zoë <z@example.org>\r\nSubject: été\r\n").subject == "été"


def test_a_second_text_and_a_calendar_without_method_are_attachments():
    found = mail(
        'Content-Type: multipart/mixed; boundary="b"\r\n',
        "--b\r\n\r\nfirst\r\n--b\r\n\r\nsecond\r\n--b\r\nContent-Type: text/calendar\r\n\r\nx\r\n--b--\r\n",
    )
    assert found.text == "first"
    assert [one.content_type for one in found.attachments] == ["text/plain", "text/calendar"]


def test_long_names_in_several_encoded_words_have_no_added_spaces():
    words = "=?utf-8?b?w6nDqcOpw6k=?=\r\n =?utf-8?b?w6nDqcOpw6k=?="
    assert mail(start=f"From: {words} <a@example.org>\r\n").sender.name == "é" * 8
    assert mail(start="From: =?x?b?w6k=?= =?x?q?a?= <a@example.org>\r\n").sender.spec == "a@example.org"


@pytest.mark.parametrize("start", ["", "Subject: x\r\n", "From: undisclosed-recipients:;\r\n"])
def test_no_sender_is_no_mail(start):
    with pytest.raises(UsageError, match="no From field"):
        mail(start=start)
