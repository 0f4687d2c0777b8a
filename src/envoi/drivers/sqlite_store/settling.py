"""Settling: writing down what an attempt found, under its fence.

A settlement acts when the message is claimed with the same attempt. One that comes too late changes nothing,
but for a 250: the mail is delivered, whoever holds the claim now. What a result *should* be was decided
before, in `envoi.outbox.policy`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from envoi.drivers.sqlite_store.accepting import put
from envoi.drivers.sqlite_store.instants import micros, octets_of
from envoi.drivers.sqlite_store.recipients import load, log, save, stand
from envoi.errors import AddressSuppressed, IdempotencyConflict
from envoi.outbox.model import RecipientResult, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi.drivers.sqlite_store.recipients import Recipient
    from envoi.drivers.sqlite_store.transaction import Transaction
    from envoi.outbox.model import Settlement

__all__ = ["settle"]


def settle(tx: Transaction, settlements: Sequence[Settlement]) -> tuple[bool, ...]:
    """Write the outcomes; False for each that came too late."""
    return tuple(_settle(tx, settlement) for settlement in settlements)


def _settle(tx: Transaction, settlement: Settlement) -> bool:
    identity = octets_of(settlement.id)
    row = tx.row(
        "SELECT stage, attempt, cancel_requested, recipients, due_at FROM envoi_message WHERE id = ?",
        identity,
    )
    if row is None:
        return False
    stage, attempt, cancel_requested, *few = row
    recipients = load(tx, identity, tuple(few))
    if stage == "claimed" and attempt == settlement.attempt:
        _write(tx, identity, settlement, recipients, cancel_requested=bool(cancel_requested))
        if settlement.report is not None:
            # Who is suppressed is told nothing, and nobody is told twice.
            with suppress(AddressSuppressed, IdempotencyConflict):
                put(tx, [settlement.report])
        return True
    _write_late(tx, identity, settlement, recipients, stage)
    return False


def _write(
    tx: Transaction,
    identity: bytes,
    settlement: Settlement,
    recipients: list[Recipient],
    *,
    cancel_requested: bool,
) -> None:
    results = {result.address: result for result in settlement.results}
    for recipient in recipients:
        result = results.get(recipient.address)
        if result is not None and recipient.state is not State.DELIVERED:
            _apply(tx, identity, recipient, result)
        if cancel_requested and recipient.open:
            cancelled = RecipientResult(address=recipient.address, state=State.CANCELLED, counted=False)
            _apply(tx, identity, recipient, cancelled)
    if settlement.account:
        # Failover: it goes on with another account.
        tx.run("UPDATE envoi_message SET account = ? WHERE id = ?", settlement.account, identity)
    stand(tx, identity, recipients)


def _write_late(
    tx: Transaction, identity: bytes, settlement: Settlement, recipients: list[Recipient], stage: str
) -> None:
    delivered = {result.address: result for result in settlement.results if result.state is State.DELIVERED}
    if not delivered:
        return
    for recipient in recipients:
        if recipient.address in delivered and recipient.state is not State.DELIVERED:
            _apply(tx, identity, recipient, delivered[recipient.address])
    if stage == "claimed":
        tx.run("UPDATE envoi_message SET late = 1 WHERE id = ?", identity)
    else:
        stand(tx, identity, recipients, held=stage == "held")


def _apply(tx: Transaction, identity: bytes, recipient: Recipient, result: RecipientResult) -> None:
    recipient.state = result.state
    recipient.attempts += result.counted
    recipient.due_at = None
    if recipient.open:
        recipient.due_at = tx.now if result.due_at is None else micros(result.due_at)
    save(tx, identity, recipient, reply=result.reply, text=result.text)
    if result.state is not State.PENDING:
        log(tx, result.state.value, identity, recipient.address, reply=result.reply, text=result.text)
