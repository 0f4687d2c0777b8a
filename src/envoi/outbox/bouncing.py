"""What a report that came back says about a mail of the outbox, and what follows from it. Pure.

A report is anybody's word. It is believed about the recipients of the mail that it belongs to and about
nobody else; so whoever forges one can do no more than a recipient could. Reading reports is
`envoi.message.reports`' business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envoi.message.reports import Action, FeedbackType, ReportKind, judge, suppressions_for
from envoi.outbox.model import RecipientResult, State, Suppression
from envoi.smtp.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Container
    from datetime import datetime

    from envoi.message.reports import RecipientReport, Report
    from envoi.outbox.model import MessageStatus

__all__ = ["Consequences", "consequences", "named"]

_COMPLAINTS = (FeedbackType.ABUSE, FeedbackType.FRAUD, FeedbackType.OPT_OUT)
#: What a server's reply begins with; the lines of a long one each do.
_CODES = re.compile(r"([45]\d\d)(?:[ -]([245]\.\d{1,3}\.\d{1,3}))?[ -]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """What to record.

    Attributes:
        kind: of the events: ``bounced`` or ``complained``.
        results: what is known now of recipients that failed.
        suppressions: who is not written to any more.
        ignored: recipients that the report names and the mail does not have.
        nameless: somebody complained, and it may have been any of the mail's recipients.
    """

    kind: str
    results: tuple[RecipientResult, ...]
    suppressions: tuple[Suppression, ...]
    ignored: tuple[str, ...]
    nameless: bool = False


def named(report: Report) -> tuple[str, ...]:
    """The recipients that a report names, as they were written to first."""
    failed = [address for one in report.recipients for address in (one.original, one.address) if address]
    complaining = report.feedback.recipients if report.feedback is not None else ()
    return tuple(dict.fromkeys((*failed, *complaining)))


def consequences(report: Report, mail: MessageStatus, now: datetime) -> Consequences:
    """Return what follows from a report about a mail.

    A bounce makes a recipient failed, even one that a server had taken the mail for. A complaint does not:
    the mail arrived. One that names nobody is its only recipient's.
    """
    ours = {recipient.address.casefold(): recipient.address for recipient in mail.recipients}
    whole = _naming(report, tuple(ours.values()))
    failed = {_key(one, ours): one for one in whole.recipients if one.action is Action.FAILED}
    suppressions = tuple(
        Suppression(address=ours[key], reason=each.why, since=now, id=mail.id)
        for each in suppressions_for(whole, since=now)
        if (key := each.address.casefold()) in ours
    )
    results = tuple(_result(ours[key], one) for key, one in failed.items() if key in ours)
    complained = whole.kind is ReportKind.FEEDBACK
    complaining = whole.feedback.recipients if whole.feedback is not None else ()
    return Consequences(
        kind="complained" if complained else "bounced",
        results=tuple(map(_complaint, suppressions)) if complained else results,
        suppressions=suppressions,
        ignored=(
            *(one.address for key, one in failed.items() if key not in ours),
            *(address for address in complaining if address.casefold() not in ours),
        ),
        nameless=whole.feedback is not None and whole.feedback.type in _COMPLAINTS and not complaining,
    )


def _naming(report: Report, recipients: tuple[str, ...]) -> Report:
    feedback = report.feedback
    if feedback is None or feedback.recipients or len(recipients) != 1:
        return report
    return replace(report, feedback=replace(feedback, recipients=recipients))


def _key(one: RecipientReport, ours: Container[str]) -> str:
    original = (one.original or "").casefold()
    return original if original in ours else one.address.casefold()


def _result(address: str, one: RecipientReport) -> RecipientResult:
    status, text = judge(one).status, one.diagnostic or "it came back"
    reply = _reply(text, status, 550 if one.permanent else 450) if status else None
    return RecipientResult(address=address, state=State.FAILED, reply=reply, text=text, counted=False)


def _reply(text: str, status: str, code: int) -> Reply:
    """The reply that a diagnostic quotes, its codes not said twice."""
    found = _CODES.match(text)
    if found is None:
        return Reply(code=code, enhanced=status, text=text)
    # Of the further lines only what is certainly their beginning: a number alone may mean anything.
    rest = text[found.end() :]
    if found[2]:
        rest = re.sub(rf"\b{found[1]}[ -]{re.escape(found[2])} ?", "", rest)
    return Reply(code=int(found[1]), enhanced=status, text=rest)


def _complaint(suppression: Suppression) -> RecipientResult:
    return RecipientResult(
        address=suppression.address, state=State.DELIVERED, text=suppression.reason, counted=False
    )
