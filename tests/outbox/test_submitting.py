"""From a mail to a message that every attempt sends alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from envoi import Attachment, Email, RawEmail
from envoi.drivers.sqlite_store import open_store
from envoi.errors import UsageError
from envoi.message.envelope import DeliveryOptions, Envelope
from envoi.message.raw import RawContent
from envoi.outbox.model import Blob, NewMessage
from envoi.outbox.submitting import Order, accept
from envoi.session.run import run_sync
from tests.outbox.values import START

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envoi.outbox.store import Store

IDENTITY = "019a" + "0" * 28


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "outbox.db")
    yield opened
    run_sync(opened.close())


def email(**changes: Any) -> Email:
    values: dict[str, Any] = {
        "sender": "a@example.org",
        "to": "b@example.org",
        "subject": "Grüße",
        "text": "Schöne Grüße",
        **changes,
    }
    return Email(**values)


def accepted(store: Store, mail: Any, envelope: Envelope | None = None, **order: Any) -> NewMessage:
    order.setdefault("account", "work")
    return run_sync(
        accept(store, mail, envelope or mail.envelope(), Order(**order), identity=IDENTITY, now=START)
    )


def test_fixes_everything_at_once(store: Store) -> None:
    mail = email(bcc="hidden@example.org")
    message = accepted(store, mail, priority=2)
    assert (message.id, message.account, message.priority) == (IDENTITY, "work", 2)
    assert message.recipients == ("b@example.org", "hidden@example.org")
    assert (message.message_id, message.subject) == (mail.message_id, "Grüße")
    assert isinstance(message.content, bytes)
    assert message.content == mail.to_bytes()
    assert message.content.isascii()
    assert b"hidden@example.org" not in message.content
    assert message.created_at == message.due_at == START
    assert message.expires_at == START + timedelta(days=5)
    assert (message.key, message.fingerprint) == ("", b"")


def test_a_raw_message_gets_what_it_lacks(store: Store) -> None:
    raw = RawEmail(b"Subject: hi\r\n\r\nHello\r\n", sender="a@example.org", recipients=["b@example.org"])
    message = accepted(store, raw)
    assert message.message_id == f"<{IDENTITY}@example.org>"
    assert (
        message.content
        == (
            f"Message-ID: <{IDENTITY}@example.org>\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n"
            "Subject: hi\r\n\r\nHello\r\n"
        ).encode()
    )
    assert message.subject == "hi"


def test_a_report_without_a_sender_has_an_identifier_too(store: Store) -> None:
    raw = RawEmail(b"Date: now\r\n\r\n", sender="", recipients=["b@example.org"])
    message = accepted(store, raw)
    assert message.message_id == f"<{IDENTITY}@localhost>"
    assert message.subject == ""


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        (b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"Subject: one\r\n two", "one two"),
        (b"Subject: =?nonsense?q?x?=", "=?nonsense?q?x?="),
        (b"SUBJECT:   " + b"x" * 500, "x" * 200),
    ],
)
def test_lists_show_the_subject_of_a_raw_message(store: Store, header: bytes, subject: str) -> None:
    raw = RawEmail(header + b"\r\n\r\nHello\r\n", sender="a@example.org", recipients=["b@example.org"])
    assert accepted(store, raw).subject == subject


def test_octets_above_127_stay_where_nobody_can_encode_them(store: Store) -> None:
    raw = RawEmail(
        "Subject: hi\r\n\r\nGrüße\r\n".encode(), sender="a@example.org", recipients=["b@example.org"]
    )
    content = accepted(store, raw).content
    assert isinstance(content, bytes)
    assert content.endswith("Grüße\r\n".encode())


@pytest.mark.parametrize("key", ["", "k"])
def test_a_large_mail_goes_to_the_store_piece_by_piece(store: Store, key: str) -> None:
    raw = b"Subject: hi\r\n\r\n" + b"x" * 70 + b"\r\n"
    small = RawEmail(raw, sender="a@example.org", recipients=["b@example.org"])
    large = RawEmail(raw + b"y" * (1 << 20), sender="a@example.org", recipients=["b@example.org"])
    message = accepted(store, large, key=key)
    assert isinstance(message.content, Blob)
    assert message.content.size > 1 << 20
    assert len(message.fingerprint) == 32 * len(key)
    assert message.fingerprint != accepted(store, small, key="k").fingerprint
    with_date = RawEmail(
        b"Message-ID: <1@example.org>\r\nDate: x\r\n\r\n" + b"y" * (1 << 20),
        sender="a@example.org",
        recipients=["b@example.org"],
    )
    kept = accepted(store, with_date).content
    assert isinstance(kept, Blob)
    assert kept.size == (1 << 20) + 40


def test_the_same_request_has_the_same_fingerprint(store: Store) -> None:
    attached = [Attachment.from_bytes(b"1", "a.txt")]
    first = accepted(store, email(attachments=attached), key="k")
    again = accepted(store, email(attachments=attached), key="k", send_at=START + timedelta(hours=1))
    assert first.fingerprint == again.fingerprint
    assert first.content != again.content
    for other in (
        accepted(store, email(attachments=attached, to="c@example.org"), key="k"),
        accepted(store, email(attachments=attached, text="other"), key="k"),
        accepted(store, email(attachments=attached), key="k", account="other"),
    ):
        assert other.fingerprint != first.fingerprint


def test_what_the_server_is_asked_for_counts_as_well(store: Store) -> None:
    mail = email()
    wished = mail.envelope(DeliveryOptions(ret="full"))
    plain, asked = accepted(store, mail, key="k"), accepted(store, mail, wished, key="k")
    assert asked.options == '{"ret":"full"}'
    assert plain.fingerprint != asked.fingerprint


def test_waits_until_it_may_leave_and_five_days_more(store: Store) -> None:
    tomorrow = START + timedelta(days=1)
    message = accepted(store, email(), send_at=tomorrow)
    assert (message.due_at, message.expires_at) == (tomorrow, tomorrow + timedelta(days=5))
    assert accepted(store, email(), expires_at=tomorrow).expires_at == tomorrow


def test_what_should_have_left_long_ago_is_tried_as_long_as_any(store: Store) -> None:
    message = accepted(store, email(), send_at=START - timedelta(days=30))
    assert (message.due_at, message.expires_at) == (START, START + timedelta(days=5))


@pytest.mark.parametrize(
    "order",
    [
        {"account": ""},
        {"account": "a\nb"},
        {"priority": 10},
        {"priority": 2.5},  # what no engine would ever claim
        {"key": "a\0b"},
        {"key": "\udc80"},
        {"send_at": datetime.max.replace(tzinfo=UTC)},
        {"send_at": datetime(2027, 1, 1)},  # noqa: DTZ001 - the very mistake
        {"expires_at": datetime(2027, 1, 1)},  # noqa: DTZ001
        {"send_at": datetime(2027, 1, 2, tzinfo=UTC), "expires_at": datetime(2027, 1, 1, tzinfo=UTC)},
    ],
)
def test_refuses_what_makes_no_sense(order: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Order(**{"account": "work", **order})


def test_what_is_sent_is_what_was_read(store: Store) -> None:
    mail = email(html="<p>Schöne Grüße")
    content = accepted(store, mail).content
    assert isinstance(content, bytes)
    assert RawContent.of(content).message_id == mail.message_id
