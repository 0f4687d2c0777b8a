"""Taking back what dead workers hold: `owners` and `claims` find it, `take_back` does it.

Who is dead is `liveness`' to say. What an account that holds unknown mail had marked before its final dot
waits for a person; everything else is tried again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.drivers.sqlite_store.accounts import free, holders
from envoi.drivers.sqlite_store.recipients import load, log, save, stand
from envoi.drivers.sqlite_store.steering import cancel_open
from envoi.outbox.account_rules import AccountRules, OnUnknown
from envoi.outbox.model import State

if TYPE_CHECKING:
    from collections.abc import Collection

    from envoi.drivers.sqlite_store.transaction import Transaction

__all__ = ["claims", "owners", "take_back"]

_SILENCE = "the worker ended after the final dot, before it heard the answer"


def owners(tx: Transaction) -> set[str]:
    """All that hold something."""
    rows = tx.rows("SELECT DISTINCT owner FROM envoi_message WHERE stage = 'claimed'")
    return {owner for (owner,) in rows} | holders(tx)


def claims(tx: Transaction) -> list[tuple[bytes, int, int]]:
    """All claims there are: id, attempt, lease."""
    return tx.rows("SELECT id, attempt, lease_until FROM envoi_message WHERE stage = 'claimed'")


def take_back(tx: Transaction, dead: Collection[str], unchanged: Collection[tuple[bytes, int, int]]) -> int:
    """Take back all claims of dead owners, and those of `unchanged` that still are and are over."""
    taken: set[bytes] = set()
    for owner in dead:
        rows = tx.rows("SELECT id FROM envoi_message WHERE stage = 'claimed' AND owner = ?", owner)
        taken.update(identity for (identity,) in rows)
    for claim in unchanged:
        query = (
            "SELECT 1 FROM envoi_message WHERE id = ? AND attempt = ? AND lease_until = ? "
            "AND stage = 'claimed'"
        )
        if claim[2] <= tx.now and tx.row(query, *claim) is not None:
            taken.add(claim[0])
    if dead:
        free(tx, dead)
    for identity in sorted(taken):
        _take_back(tx, identity)
    return len(taken)


def _take_back(tx: Transaction, message: bytes) -> None:
    attempt, cancel_requested, account, rules = tx.row(
        "SELECT m.attempt, m.cancel_requested, m.account, coalesce(a.rules, '') FROM envoi_message m "
        "LEFT JOIN envoi_account a ON a.name = m.account WHERE m.id = ?",
        message,
    )
    held = AccountRules.from_json(account, rules).on_unknown is OnUnknown.HOLD
    recipients = load(tx, message)
    for recipient in recipients:
        if held and recipient.open and recipient.dotted == attempt:
            recipient.state, recipient.due_at = State.UNKNOWN, None
            save(tx, message, recipient, text=_SILENCE)
            log(tx, State.UNKNOWN.value, message, recipient.address, text=_SILENCE)
    stand(tx, message, recipients)
    if cancel_requested:
        cancel_open(tx, message)
