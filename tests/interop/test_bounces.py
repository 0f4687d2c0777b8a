"""Reports that real servers write are understood, and ours travel through real servers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from envoi import DeliveryOptions, Notify, SMTPSession
from envoi.message.reports import (
    Action,
    RecipientReport,
    ReportKind,
    SuppressionReason,
    delivery_status_notification,
    origin_of,
    read_report,
    sign_token,
    suppressions_for,
    verp_sender,
)
from envoi.message.stamp import Stamp
from tests.interop.mails import new_id, new_mail
from tests.servers.fates import Fate
from tests.servers.listeners import ALICE, DOMAIN
from tests.servers.mailbox import Maildir

if TYPE_CHECKING:
    from envoi.message.reports import Report
    from tests.servers.exim import Exim
    from tests.servers.postfix import Postfix

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECRET = b"0123456789abcdef"


def read(raw: bytes) -> Report:
    report = read_report(raw)
    assert report is not None
    return report


@pytest.mark.programs("dovecot", "postfix")
def test_a_bounce_of_postfix_is_understood(postfix: Postfix) -> None:
    message_id, mail = new_mail()
    envid = sign_token("t1", secret=SECRET)
    with SMTPSession(postfix.mx.host, postfix.mx.port, security="plaintext") as session:
        session.send(
            mail, sender=ALICE.address, recipients=[Fate.BOUNCED], options=DeliveryOptions(envid=envid)
        )
    report = read(postfix.mailbox(ALICE).wait_for_report(message_id))
    assert (report.kind, report.format, report.message_id) == (ReportKind.DELIVERY, "RFC 3464", message_id)
    assert [(one.address, one.action) for one in report.recipients] == [(Fate.BOUNCED, Action.FAILED)]
    assert report.reporting_mta is not None
    assert report.arrived_at is not None
    assert origin_of(report, None, secret=SECRET).token == "t1"
    reasons = [one.reason for one in suppressions_for(report, since=NOW)]
    assert reasons == [SuppressionReason.UNKNOWN_MAILBOX]


@pytest.mark.programs("dovecot", "postfix")
def test_a_success_of_postfix_is_understood(postfix: Postfix) -> None:
    message_id, mail = new_mail()
    wish = DeliveryOptions(notify=frozenset({Notify.SUCCESS}))
    with SMTPSession(postfix.mx.host, postfix.mx.port, security="plaintext") as session:
        session.send(mail, sender=ALICE.address, recipients=[f"bob@{DOMAIN}"], options=wish)
    report = read(postfix.mailbox(ALICE).wait_for_report(message_id))
    assert [one.action for one in report.recipients] in ([Action.RELAYED], [Action.DELIVERED])
    assert suppressions_for(report, since=NOW) == ()


@pytest.mark.programs("exim4")
def test_a_bounce_of_exim_is_understood_and_names_its_mail(exim: Exim) -> None:
    message_id, mail = new_mail()
    sender = verp_sender(f"bounces@{DOMAIN}", "t2", secret=SECRET)
    with SMTPSession(exim.mx.host, exim.mx.port, security="plaintext") as session:
        session.send(mail, sender=sender, recipients=[Fate.BOUNCED])
    report = read(Maildir(folder=exim.maildirs / "others").wait_for_report(message_id))
    assert (report.kind, report.message_id) == (ReportKind.DELIVERY, message_id)
    assert [(one.address, one.action) for one in report.recipients] == [(Fate.BOUNCED, Action.FAILED)]
    assert origin_of(report, f"bounces@{DOMAIN}", secret=SECRET).token == "t2"
    # Its status is 5.0.0, without a diagnostic: only the text says more.
    reasons = [one.reason for one in suppressions_for(report, since=NOW)]
    assert reasons == [SuppressionReason.UNKNOWN_MAILBOX]


@pytest.mark.programs("dovecot", "postfix")
def test_a_report_of_ours_arrives_whole(postfix: Postfix) -> None:
    message_id, mail = new_mail()
    gone = RecipientReport(
        address="gone@x.example", action=Action.FAILED, status="5.1.1", diagnostic="550 gone"
    )
    notification = delivery_status_notification(
        [gone],
        original=mail,
        sender=ALICE.address,
        reporter=f"Mail delivery <mailer-daemon@{DOMAIN}>",
        reporting_mta="envoi.test",
        stamp=Stamp(at=NOW, token="0123456789abcdef"),
        message_id=new_id(),
    )
    with SMTPSession(postfix.mx.host, postfix.mx.port, security="plaintext") as session:
        session.send(notification)
    raw = postfix.mailbox(ALICE).wait_for_report(message_id)
    assert raw.startswith(b"Return-Path: <>\r\n")
    report = read(raw)
    assert [(one.address, one.status, one.diagnostic) for one in report.recipients] == [
        ("gone@x.example", "5.1.1", "550 gone")
    ]
    assert report.message_id == message_id
