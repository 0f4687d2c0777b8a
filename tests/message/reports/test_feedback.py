from __future__ import annotations

from datetime import UTC, datetime

import pytest

from envoi.message.reports import Feedback, FeedbackType, ReportKind, read_report
from tests.message.reports.mails import read, sample, with_part


def test_reads_every_field_of_a_complaint() -> None:
    report = read(sample("complaint"))
    assert report.kind is ReportKind.FEEDBACK
    assert report.feedback == Feedback(
        type=FeedbackType.ABUSE,
        recipients=("reader@mailbox.example", "second@mailbox.example"),
        original_sender="offers@shop.example",
        source_ip="192.0.2.1",
        reported_domains=("shop.example",),
        reported_uris=("https://shop.example/offers",),
        incidents=3,
        user_agent="MailboxLoop/2.0",
        authentication_results=("mx.mailbox.example; spf=pass smtp.mailfrom=offers@shop.example",),
        extensions=(("x-campaign", "autumn"),),
    )
    assert report.envelope_id == "offers=7"
    assert report.reporting_mta == "mx.mailbox.example"
    assert report.arrived_at == datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def test_reads_a_failed_authentication() -> None:
    report = read(sample("authentication-failure"))
    assert report.feedback is not None
    assert report.feedback.type is FeedbackType.AUTH_FAILURE
    assert (report.feedback.auth_failure, report.feedback.delivery_result) == ("bodyhash", "reject")
    assert report.feedback.extensions == (
        ("dkim-domain", "shop.example"),
        ("dkim-selector", "s1"),
        ("identity-alignment", "none"),
    )
    assert report.arrived_at == datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "type_"),
    [("Not-Spam", FeedbackType.NOT_SPAM), ("opt-out", FeedbackType.OPT_OUT), ("x", FeedbackType.OTHER)],
)
def test_knows_the_registered_types(said: str, type_: FeedbackType) -> None:
    feedback = read(
        with_part("message/feedback-report", f"Feedback-Type: {said}\r\nIncidents: many")
    ).feedback
    assert feedback is not None
    assert (feedback.type, feedback.incidents) == (type_, 1)


def test_a_report_without_a_type_is_none() -> None:
    assert read_report(with_part("message/feedback-report", "Version: 1")) is None
