"""Telling the sender of a message by mail that it failed for good (RFC 3464).

The report is a mail like any other, with the null sender. It goes with the settlement that it reports, into
the same commit, so that a crash loses neither. Nothing is made about a report, or for a recipient with
NOTIFY=NEVER. The words of the report are those of `envoi.message.reports`.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from envoi.errors import OutboxError, StoreUnavailable
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
    from envoi.outbox.model import Claim, NewMessage, RecipientResult, Settlement
    from envoi.outbox.standing import Standing
    from envoi.outbox.store import Store

__all__ = ["Reporter"]

_log = logging.getLogger("envoi.outbox")


class Reporter:
    """Makes the reports of a worker.

    Args:
        store: where the messages are.
        standing: tells which accounts have reports made.
        reporting_mta: the name of this machine.
        identity: draws a new id.
    """

    __slots__ = ("_identity", "_reporting_mta", "_standing", "_store")

    def __init__(
        self, store: Store, standing: Standing, *, reporting_mta: str, identity: Callable[[], str]
    ) -> None:
        self._store = store
        self._standing = standing
        self._reporting_mta = reporting_mta
        self._identity = identity

    async def reported(self, claim: Claim, settlement: Settlement, now: datetime) -> Settlement:
        """Return the settlement with a report about who has just failed, if the sender is to have one.

        Args:
            claim: under which it was found.
            settlement: what was found.
            now: the instant, of the store's clock.

        Raises:
            StoreUnavailable: the message cannot be read now.
        """
        failed = [one for one in settlement.results if one.state is State.FAILED]
        if not failed or not claim.sender or not self._standing.rules(claim.account).dsn:
            return settlement
        try:
            return replace(settlement, report=await self._report(claim, failed, now))
        except StoreUnavailable:
            raise
        except Exception:  # noqa: BLE001 - whatever is wrong with it, the outcome counts for more
            _log.exception("nobody is told by mail that %s has failed", claim.id)
            return settlement

    async def _report(self, claim: Claim, failed: list[RecipientResult], now: datetime) -> NewMessage | None:
        envelope = envelope_of(claim.sender, [one.address for one in failed], claim.options)
        reports = [
            _report(one, now)
            for one, recipient in zip(failed, envelope.recipients, strict=True)
            if _wants_report(recipient.notify, envelope)
        ]
        original = await _header(self._store, claim) if reports else b""
        if not original or not may_be_answered(original, claim.sender):
            return None
        name = self._identity()
        report = delivery_status_notification(
            reports,
            original=original,
            sender=claim.sender,
            reporter=f"Mail delivery <{claim.sender}>",
            reporting_mta=self._reporting_mta,
            stamp=Stamp(at=now, token=name),
            envelope_id=envelope.options.envid,
            arrived_at=claim.created_at,
        )
        order = Order(account=claim.account)
        return await accept(self._store, report, report.envelope(), order, identity=name, now=now)


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
    """The header of the message; nothing when its content is gone.

    Raises:
        StoreUnavailable: it cannot be read now.
    """
    if claim.content is not None:
        return RawContent.of(claim.content).header
    try:
        content = await store.content(claim)
    except StoreUnavailable:
        raise
    except OutboxError:
        return b""
    raw = content.path if content.octets is None else content.octets
    return b"" if raw is None else RawContent.of(raw).header
