"""What a report means for the addresses in it: suppressed, with a reason, or kept (a pure policy).

An address is suppressed when the failure is about itself and for good, or when its reader complains. A full
mailbox, a refused content, an expired attempt say nothing about the next mail. The table is in
`suppression_rules`; who keeps the list and asks it before sending is the outbox.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envoi.message.reports.phrases import status_of
from envoi.message.reports.report import FeedbackType
from envoi.message.reports.suppression_rules import RULES, SuppressionReason

if TYPE_CHECKING:
    from datetime import datetime

    from envoi.message.reports.report import RecipientReport, Report

__all__ = ["Judgement", "Suppression", "detailed_status", "judge", "suppressions_for"]

_COMPLAINTS = {
    FeedbackType.ABUSE: (SuppressionReason.COMPLAINT, "its reader called the mail spam"),
    FeedbackType.FRAUD: (SuppressionReason.COMPLAINT, "its reader called the mail a fraud"),
    FeedbackType.OPT_OUT: (SuppressionReason.OPT_OUT, "its reader wants no more of these mails"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What becomes of an address after a failure.

    Attributes:
        reason: for suppressing it; None when it is kept.
        status: the most telling status code that was found.
        why: the same in words; empty when nothing is known.
    """

    reason: SuppressionReason | None
    status: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address that nothing more should be sent to.

    Attributes:
        address: bare, as the sender gave it when the report says that.
        reason: why.
        status: the enhanced status code; None for complaints.
        since: the aware instant given by the caller.
        why: the reason in words.
        diagnostic: what the server said.
    """

    address: str
    reason: SuppressionReason
    status: str | None
    since: datetime
    why: str
    diagnostic: str | None = None


def suppressions_for(report: Report, *, since: datetime) -> tuple[Suppression, ...]:
    """The addresses that a report takes out of use; usually one or none.

    A complaint often names nobody: then the caller knows the recipient by the token of the report (`verp`).

    Args:
        report: the report.
        since: the present, an aware instant.
    """
    return (*_failed(report, since), *_complaining(report, since))


def _failed(report: Report, since: datetime) -> list[Suppression]:
    judged = [(recipient, judge(recipient)) for recipient in report.recipients]
    return [
        Suppression(
            address=recipient.original or recipient.address,
            reason=judgement.reason,
            status=judgement.status,
            since=since,
            why=judgement.why,
            diagnostic=recipient.diagnostic,
        )
        for recipient, judgement in judged
        if judgement.reason is not None
    ]


def _complaining(report: Report, since: datetime) -> list[Suppression]:
    feedback = report.feedback
    if feedback is None or feedback.type not in _COMPLAINTS:
        return []
    reason, why = _COMPLAINTS[feedback.type]
    return [
        Suppression(address=address, reason=reason, status=None, since=since, why=why)
        for address in feedback.recipients
    ]


def judge(recipient: RecipientReport) -> Judgement:
    """What becomes of the address; only a permanent failure can be a reason."""
    status = detailed_status(recipient)
    reason, why = RULES.get(status or "", (None, ""))
    return Judgement(reason=reason if recipient.permanent else None, status=status, why=why)


def detailed_status(recipient: RecipientReport) -> str | None:
    """The status code that says most: servers report ``5.0.0`` and quote a ``5.1.1``, or say it in words."""
    return status_of(" ".join(filter(None, (recipient.status, recipient.diagnostic))))
