from __future__ import annotations

from datetime import UTC, datetime

import pytest

from envoi.message.reports import (
    Action,
    RecipientReport,
    Suppression,
    SuppressionReason,
    judge,
    suppressions_for,
)
from tests.message.reports.mails import read, sample, with_part

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def failed(status: str | None, diagnostic: str | None = None) -> RecipientReport:
    return RecipientReport(address="a@x.example", action=Action.FAILED, status=status, diagnostic=diagnostic)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("5.1.1", SuppressionReason.UNKNOWN_MAILBOX),
        ("5.1.2", SuppressionReason.UNKNOWN_DOMAIN),
        ("5.1.3", SuppressionReason.INVALID_ADDRESS),
        ("5.1.6", SuppressionReason.MOVED),
        ("5.1.10", SuppressionReason.UNKNOWN_MAILBOX),
        ("5.2.1", SuppressionReason.DISABLED),
        ("5.2.2", None),
        ("5.2.3", None),
        ("5.4.1", None),
        ("5.7.1", None),
        ("5.9.9", None),
        ("5.0.0", None),
        (None, None),
        ("4.1.1", None),
    ],
)
def test_only_what_is_about_the_address_suppresses_it(
    status: str | None, reason: SuppressionReason | None
) -> None:
    assert judge(failed(status)).reason is reason


def test_a_delay_suppresses_nobody() -> None:
    delayed = RecipientReport(address="a@x.example", action=Action.DELAYED, status="5.1.1")
    assert judge(delayed).reason is None


def test_the_server_may_say_more_than_the_status() -> None:
    judgement = judge(failed("5.0.0", "550 5.1.1 no such user"))
    assert (judgement.reason, judgement.status) == (SuppressionReason.UNKNOWN_MAILBOX, "5.1.1")


def test_says_why_an_address_is_kept() -> None:
    assert judge(failed("5.2.2")).why == "the mailbox is full"


def test_a_suppression_names_the_address_as_it_was_given() -> None:
    assert suppressions_for(read(sample("postfix-failed")), since=NOW) == (
        Suppression(
            address="Gone+Sales@buyer.example",
            reason=SuppressionReason.UNKNOWN_MAILBOX,
            status="5.1.1",
            since=NOW,
            why="there is no such mailbox",
            diagnostic="550 5.1.1 <gone@buyer.example>: Recipient address rejected: User unknown",
        ),
    )


@pytest.mark.parametrize(
    ("type_", "reason"),
    [
        ("abuse", SuppressionReason.COMPLAINT),
        ("fraud", SuppressionReason.COMPLAINT),
        ("opt-out", SuppressionReason.OPT_OUT),
        ("not-spam", None),
        ("virus", None),
        ("auth-failure", None),
        ("other", None),
    ],
)
def test_complaints_suppress_their_writers(type_: str, reason: SuppressionReason | None) -> None:
    body = f"Feedback-Type: {type_}\r\nOriginal-Rcpt-To: a@x.example"
    found = suppressions_for(read(with_part("message/feedback-report", body)), since=NOW)
    assert [one.reason for one in found] == ([] if reason is None else [reason])


@pytest.mark.parametrize(
    "name", ["vacation", "read-receipt", "authentication-failure", "exim-delayed", "yandex"]
)
def test_these_suppress_nobody(name: str) -> None:
    assert suppressions_for(read(sample(name)), since=NOW) == ()
