"""Telling the sender of a message by mail that it failed for good (RFC 3464).

The report is accepted like any other mail, with the null sender and under a key of its own, so that it is
made once. Nothing is made about a report, or for a recipient with NOTIFY=NEVER. The words of the report are
those of `envoi.message.reports`; when one is made is up to `herald`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.errors import OutboxError
from envoi.message.envelope import Notify
from envoi.message.raw import RawContent
from envoi.message.reports.notification import delivery_status_notification, may_be_answered
from envoi.message.reports.report import Action, RecipientReport
from envoi.message.stamp import Stamp
from envoi.outbox.envelope_json import envelope_of
from envoi.outbox.model import State
from envoi.outbox.submitting import Order, accept

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from envoi.message.envelope import Envelope
    from envoi.outbox.model import Claim, RecipientResult, Settlement
    from envoi.outbox.store import Store

__all__ = ["notify"]


async def notify(
    store: Store,
    claim: Claim,
    settlement: Settlement,
    *,
    reporting_mta: str,
    identity: Callable[[], str],
    now: datetime,
) -> None:
    """Put a report about the recipients that have just failed into the store, if its sender wants one.

    Args:
        store: where the message is, and the report goes.
        claim: under which it failed.
        settlement: what was found.
        reporting_mta: the name of this machine.
        identity: draws a new id.
        now: the instant, of the store's clock.
    """
    failed = [one for one in settlement.results if one.state is State.FAILED]
    envelope = envelope_of(claim.sender, [one.address for one in failed], claim.options)
    reports = [
        _report(one, now)
        for one, recipient in zip(failed, envelope.recipients, strict=True)
        if _wants_report(recipient.notify, envelope)
    ]
    original = await _header(store, claim) if reports and claim.sender else b""
    if not original or not may_be_answered(original, claim.sender):
        return
    name = identity()
    report = delivery_status_notification(
        reports,
        original=original,
        sender=claim.sender,
        reporter=f"Mail delivery <{claim.sender}>",
        reporting_mta=reporting_mta,
        stamp=Stamp(at=now, token=name),
        envelope_id=envelope.options.envid,
        arrived_at=claim.created_at,
    )
    order = Order(account=claim.account, key=f"report of {claim.id}, attempt {claim.attempt}")
    await store.put([await accept(store, report, report.envelope(), order, identity=name, now=now)])


def _wants_report(wish: frozenset[Notify] | None, envelope: Envelope) -> bool:
    wishes = envelope.options.notify if wish is None else wish
    return wishes is None or Notify.FAILURE in wishes


def _report(result: RecipientResult, now: datetime) -> RecipientReport:
    reply = result.reply
    status = reply.enhanced if reply is not None and reply.permanent else None
    return RecipientReport(
        address=result.address,
        action=Action.FAILED,
        status=status or ("5.0.0" if reply is not None and reply.permanent else "5.4.7"),
        diagnostic=result.text or None if reply is None else str(reply),
        diagnostic_type="x-envoi" if reply is None else "smtp",
        attempted_at=now,
    )


async def _header(store: Store, claim: Claim) -> bytes:
    """The header of the message; nothing when its content is gone."""
    if claim.content is not None:
        return RawContent.of(claim.content).header
    try:
        content = await store.content(claim)
    except OutboxError:
        return b""
    raw = content.path if content.octets is None else content.octets
    return b"" if raw is None else RawContent.of(raw).header
