from __future__ import annotations

from datetime import UTC, datetime

from envoi.message.reports import Disposition, ReportKind, read_report, suppressions_for
from tests.message.reports.mails import read, sample, with_part


def test_reads_every_field() -> None:
    report = read(sample("read-receipt"))
    assert report.kind is ReportKind.DISPOSITION
    assert report.disposition == Disposition(
        type="displayed",
        recipient="reader@buyer.example",
        original="info@buyer.example",
        by_hand=True,
        sent_by_hand=False,
        modifiers=("error", "expired"),
        errors=("the attachment could not be shown",),
        reporting_ua="desk.buyer.example; Reader 4.2",
        extensions=(("x-screen", "2"),),
    )
    assert report.gateway == "gate.buyer.example"


def test_reads_one_that_says_little() -> None:
    report = read(with_part("message/disposition-notification", "Disposition: ; deleted"))
    assert report.disposition == Disposition(type="deleted")


def test_one_that_says_nothing_is_none() -> None:
    assert read_report(with_part("message/disposition-notification", "Reporting-UA: x")) is None


def test_no_disposition_suppresses_anybody() -> None:
    assert suppressions_for(read(sample("read-receipt")), since=datetime(2026, 11, 22, tzinfo=UTC)) == ()
