from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import InvalidAddress, UsageError
from envoi.message.content import WireEncoding
from envoi.message.reports import (
    Action,
    RecipientReport,
    Report,
    ReportKind,
    delivery_status_notification,
    may_be_answered,
    read_report,
)
from envoi.message.stamp import Stamp

if TYPE_CHECKING:
    from envoi.message.raw import RawEmail

STAMP = Stamp(at=datetime(2026, 11, 22, 12, 0, tzinfo=UTC), token="0123456789abcdef")
ORIGINAL = (
    b"From: Shop <orders@shop.example>\r\nTo: gone@buyer.example\r\nSubject: Your order\r\n"
    b"Date: Sun, 22 Nov 2026 08:31:00 +0000\r\nMessage-ID: <order-42@shop.example>\r\n\r\nThank you.\r\n"
)
GONE = RecipientReport(
    address="gone@buyer.example",
    original="Gone+Sales@buyer.example",
    action=Action.FAILED,
    status="5.1.1",
    diagnostic="550 5.1.1 no such user",
    diagnostic_type="smtp",
    remote_mta="mx.buyer.example",
    log_id="77A1",
    attempted_at=datetime(2026, 11, 22, 11, 59, tzinfo=UTC),
)
LATE = RecipientReport(
    address="late@buyer.example",
    action=Action.DELAYED,
    status="4.4.1",
    retry_until=datetime(2026, 11, 27, 8, 0, tzinfo=UTC),
)


def notify(
    *recipients: RecipientReport,
    original: bytes = ORIGINAL,
    sender: str = "orders@shop.example",
    **options: object,
) -> RawEmail:
    return delivery_status_notification(
        recipients or (GONE,),
        original=original,
        sender=sender,
        reporter="Mail delivery <mailer-daemon@shop.example>",
        reporting_mta="mail.shop.example",
        stamp=STAMP,
        **options,  # type: ignore[arg-type]
    )


def octets(mail: RawEmail) -> bytes:
    return b"".join(mail.chunks(WireEncoding(eightbit=True, smtputf8=True)))


def parsed(mail: RawEmail) -> EmailMessage:
    message = email.message_from_bytes(octets(mail), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert [part.defects for part in message.walk() if part.defects] == []
    return message


def read_back(mail: RawEmail) -> Report:
    report = read_report(octets(mail))
    assert report is not None
    return report


def test_our_own_reader_reads_it_back() -> None:
    arrived = datetime(2026, 11, 22, 8, 31, tzinfo=UTC)
    report = read_back(notify(GONE, LATE, envelope_id="order=42", arrived_at=arrived))
    assert report.kind is ReportKind.DELIVERY
    assert report.recipients == (GONE, LATE)
    assert (report.message_id, report.envelope_id) == ("<order-42@shop.example>", "order=42")
    assert (report.reporting_mta, report.arrived_at, report.reported_at) == (
        "mail.shop.example",
        arrived,
        STAMP.at,
    )


def test_the_standard_library_reads_it_back() -> None:
    message = parsed(notify(GONE, LATE))
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    text, status, returned = message.iter_parts()
    assert [part.get_content_type() for part in (text, status, returned)] == [
        "text/plain",
        "message/delivery-status",
        "text/rfc822-headers",
    ]
    about, gone, late = status.iter_parts()
    assert about["Reporting-MTA"] == "dns; mail.shop.example"
    assert (gone["Final-Recipient"], gone["Action"], gone["Status"]) == (
        "rfc822; gone@buyer.example",
        "failed",
        "5.1.1",
    )
    assert (late["Final-Recipient"], late["Action"]) == ("rfc822; late@buyer.example", "delayed")


def test_its_header_says_what_it_is() -> None:
    mail = notify()
    message = parsed(mail)
    assert (mail.sender, [one.address for one in mail.recipients]) == ("", ["orders@shop.example"])
    assert message["From"] == "Mail delivery <mailer-daemon@shop.example>"
    assert message["To"] == "orders@shop.example"
    assert message["Subject"] == "Your mail could not be delivered"
    assert message["Date"] == "Sun, 22 Nov 2026 12:00:00 +0000"
    assert message["Message-ID"] == "<0123456789abcdef@shop.example>"
    assert message["In-Reply-To"] == message["References"] == "<order-42@shop.example>"
    assert message["Auto-Submitted"] == "auto-replied"


def test_the_header_alone_comes_back_unless_all_is_wanted() -> None:
    assert b"Thank you." not in octets(notify())
    assert octets(notify()).count(b"Subject: Your order") == 2  # once in the words
    whole = parsed(notify(return_full=True)).get_payload(2)
    assert isinstance(whole, EmailMessage)
    assert whole.get_content_type() == "message/rfc822"
    assert b"Thank you." in octets(notify(return_full=True))


def test_bare_newlines_are_repaired() -> None:
    data = octets(notify(original=ORIGINAL.replace(b"\r\n", b"\n"), return_full=True))
    assert data.count(b"\n") == data.count(b"\r\n")


def test_the_same_arguments_give_the_same_octets() -> None:
    assert octets(notify()) == octets(notify())


def test_a_message_id_may_be_given() -> None:
    assert parsed(notify(message_id="<mine@shop.example>"))["Message-ID"] == "<mine@shop.example>"


def test_the_original_may_have_no_identifier() -> None:
    message = parsed(notify(original=b"From: a@x.example\r\n\r\nx"))
    assert message["In-Reply-To"] is None
    assert message["Message-ID"]


def test_international_mail_is_reported_in_seven_bits() -> None:
    gone = RecipientReport(
        address="zoë@buyer.example", action=Action.FAILED, status="5.1.1", diagnostic="550 boîte inconnue"
    )
    mail = notify(
        gone, original="From: été@x.example\r\nSubject: déjà vu\r\nMessage-ID: <1@x>\r\n\r\né".encode()
    )
    data = octets(mail)
    assert data.isascii()
    assert rb"Final-Recipient: utf-8; zo\x{EB}@buyer.example" in data
    report = read_back(mail)
    assert (report.message_id, report.recipients[0].address) == ("<1@x>", "zoë@buyer.example")
    assert "déjà vu" in report.explanation
    assert mail.requirements(WireEncoding()).body == "7bit"


@pytest.mark.parametrize(
    ("header", "kind"), [("Subject: x", b"message/rfc822"), ("Subject: été", b"message/global")]
)
def test_a_whole_message_with_octets_beyond_ascii_needs_8bitmime(header: str, kind: bytes) -> None:
    mail = notify(original=f"{header}\r\n\r\né".encode(), return_full=True)
    assert b"Content-Type: %b\r\nContent-Transfer-Encoding: 8bit\r\n" % kind in octets(mail)
    assert mail.requirements(WireEncoding(eightbit=True)).body == "8bitmime"


def test_a_boundary_in_the_original_ends_nothing() -> None:
    original = ORIGINAL + b"--=_1_0123456789abcdef--\r\nmore\r\n"
    assert len(list(parsed(notify(original=original, return_full=True)).iter_parts())) == 3


@pytest.mark.parametrize("sender", ["", "<>", " "])
def test_nobody_reports_to_the_null_sender(sender: str) -> None:
    assert not may_be_answered(ORIGINAL, sender)
    with pytest.raises(UsageError, match="may_be_answered"):
        notify(sender=sender)


@pytest.mark.parametrize(
    "field", [b"Auto-Submitted: auto-generated", b"Auto-Submitted: auto-replied", b"Precedence: auto_reply"]
)
def test_nobody_answers_an_automatic_message(field: bytes) -> None:
    assert not may_be_answered(field + b"\r\n" + ORIGINAL, "orders@shop.example")
    with pytest.raises(UsageError, match="may_be_answered"):
        notify(original=field + b"\r\n" + ORIGINAL)


def test_our_report_is_not_reported_on() -> None:
    assert not may_be_answered(octets(notify()), "mailer-daemon@shop.example")


@pytest.mark.parametrize("original", [ORIGINAL, ORIGINAL.partition(b"\r\n\r\n")[0], b"\r\nno header", b""])
def test_other_messages_may_be_answered(original: bytes) -> None:
    assert may_be_answered(original, "orders@shop.example")
    assert read_back(notify(original=original)).recipients == (GONE,)


def test_a_report_is_about_somebody() -> None:
    with pytest.raises(UsageError, match="at least one recipient"):
        delivery_status_notification(
            (),
            original=ORIGINAL,
            sender="a@x.example",
            reporter="b@x.example",
            reporting_mta="x",
            stamp=STAMP,
        )


def test_the_sender_is_an_address() -> None:
    with pytest.raises(InvalidAddress):
        notify(sender="orders")


words = st.text(max_size=60)
told = st.builds(
    RecipientReport,
    address=st.just("a@x.example"),
    action=st.sampled_from(Action),
    status=st.none(),
    diagnostic=words,
    diagnostic_type=st.just("smtp"),
    remote_mta=words,
    log_id=words,
)


@given(told)
def test_no_text_of_a_server_can_break_a_report(recipient: RecipientReport) -> None:
    data = octets(notify(recipient))
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))
    assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
    report = read_report(data)
    assert report is not None
    assert [(one.address, one.action) for one in report.recipients] == [("a@x.example", recipient.action)]
    assert len(list(parsed(notify(recipient)).iter_parts())) == 3
