"""Steering: what a person or a program asks of messages that are there already.

Each call names messages, acts on those of them that are in a stage where it can, and returns their ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.drivers.sqlite_store.instants import micros, octets_of
from envoi.drivers.sqlite_store.recipients import load, log, save, stand
from envoi.outbox.model import State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from envoi.drivers.sqlite_store.transaction import Transaction

__all__ = ["cancel", "cancel_open", "hold", "move", "release", "reschedule", "retry"]

_RETRIED = (State.FAILED, State.UNKNOWN, State.DEFERRED)


def _each(tx: Transaction, ids: Sequence[str], act: Callable[[bytes, str], bool]) -> frozenset[str]:
    """Act on each message there is, given its stage; return the ids for which that says so."""
    done: set[str] = set()
    for identity in dict.fromkeys(ids):
        row = tx.row("SELECT id, stage FROM envoi_message WHERE id = ?", octets_of(identity))
        if row is not None and act(*row):
            done.add(identity)
    return frozenset(done)


def cancel(tx: Transaction, ids: Sequence[str]) -> frozenset[str]:
    """Cancel what is open or unknown, or ask its worker to."""

    def act(message: bytes, stage: str) -> bool:
        if stage != "claimed":
            return cancel_open(tx, message, unknown=True)
        tx.run("UPDATE envoi_message SET cancel_requested = 1 WHERE id = ?", message)
        return True

    return _each(tx, ids, act)


def cancel_open(tx: Transaction, message: bytes, *, unknown: bool = False) -> bool:
    """Cancel the open recipients of a message that nobody has; tell whether there were some.

    With `unknown` a person has decided that those are not written to again either.
    """
    recipients = load(tx, message)
    opened = [one for one in recipients if one.open or (unknown and one.state is State.UNKNOWN)]
    for recipient in opened:
        recipient.state, recipient.due_at = State.CANCELLED, None
        save(tx, message, recipient)
        log(tx, State.CANCELLED.value, message, recipient.address)
    if opened:
        stand(tx, message, recipients)
    return bool(opened)


def retry(tx: Transaction, ids: Sequence[str], expires_at: datetime) -> frozenset[str]:
    """Make failed, unknown and deferred recipients pending again; not where the content was deleted."""

    def act(message: bytes, stage: str) -> bool:
        if tx.row("SELECT content FROM envoi_message WHERE id = ?", message)[0] is None:
            return False
        recipients = load(tx, message)
        again = [recipient for recipient in recipients if recipient.state in _RETRIED]
        for recipient in again:
            recipient.state, recipient.due_at = State.PENDING, tx.now
            save(tx, message, recipient)
        if again:
            tx.run("UPDATE envoi_message SET expires_at = ? WHERE id = ?", micros(expires_at), message)
            log(tx, "released", message)
            if stage != "claimed":
                stand(tx, message, recipients)
        return bool(again)

    return _each(tx, ids, act)


def reschedule(tx: Transaction, ids: Sequence[str], due_at: datetime) -> frozenset[str]:
    """Let waiting messages wait for another time."""

    def act(message: bytes, stage: str) -> bool:
        if stage != "waiting":
            return False
        due = micros(due_at)
        tx.run("UPDATE envoi_message SET due_at = ? WHERE id = ?", due, message)
        tx.run(
            "UPDATE envoi_message SET expires_at = ? + expires_at - created_at "
            "WHERE id = ? AND expires_at <= ?",
            due,
            message,
            due,
        )
        tx.run(
            "UPDATE envoi_recipient SET due_at = ? WHERE message = ? AND state IN ('pending', 'deferred')",
            due,
            message,
        )
        tx.rings = True
        return True

    return _each(tx, ids, act)


def move(tx: Transaction, account: str, to: str, most: int) -> int:
    """Hand over to another account what is due, the most urgent first; return how many."""
    moved = tx.run(
        "UPDATE envoi_message SET account = ? WHERE id IN (SELECT id FROM envoi_message "
        "WHERE stage = 'waiting' AND account = ? AND due_at <= ? ORDER BY priority, due_at, id LIMIT ?)",
        to,
        account,
        tx.now,
        most,
    ).rowcount
    tx.rings = moved > 0
    return moved


def hold(tx: Transaction, ids: Sequence[str]) -> frozenset[str]:
    """Let no worker have waiting messages."""

    def act(message: bytes, stage: str) -> bool:
        if stage != "waiting":
            return False
        tx.run("UPDATE envoi_message SET stage = 'held' WHERE id = ?", message)
        log(tx, "held", message)
        return True

    return _each(tx, ids, act)


def release(tx: Transaction, ids: Sequence[str]) -> frozenset[str]:
    """Let held messages go on; what is unknown of them is tried again."""

    def act(message: bytes, stage: str) -> bool:
        if stage != "held":
            return False
        recipients = load(tx, message)
        for recipient in recipients:
            if recipient.state is State.UNKNOWN:
                recipient.state, recipient.due_at = State.PENDING, tx.now
                save(tx, message, recipient)
        log(tx, "released", message)
        stand(tx, message, recipients)
        return True

    return _each(tx, ids, act)
