"""What a worker does with its claims before it settles them: lengthen, mark the dot, give back.

Each acts only where the claim is good still. What happens to claims whose worker does none of this any more
is `reaping`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.drivers.sqlite_store.accounts import extend_connections
from envoi.drivers.sqlite_store.instants import SECOND, octets_of
from envoi.drivers.sqlite_store.recipients import load, write_down
from envoi.drivers.sqlite_store.steering import cancel_open
from envoi.outbox.model import Extended

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi.drivers.sqlite_store.transaction import Transaction
    from envoi.outbox.model import Claim

__all__ = ["extend", "give_back", "mark_dots"]


def extend(tx: Transaction, owner: str, lease: float) -> Extended:
    """Lengthen what an owner holds, and tell it what became of that."""
    rows = tx.rows(
        "UPDATE envoi_message SET lease_until = max(lease_until, ?) WHERE owner = ? AND stage = 'claimed' "
        "RETURNING id, cancel_requested, late",
        tx.now + int(lease * SECOND),
        owner,
    )
    extend_connections(tx, owner, lease)
    return Extended(
        mine=frozenset(identity.hex() for identity, _, _ in rows),
        cancelled=frozenset(identity.hex() for identity, cancelled, _ in rows if cancelled),
        delivered={identity.hex(): _delivered(tx, identity) for identity, _, late in rows if late},
    )


def _delivered(tx: Transaction, identity: bytes) -> frozenset[str]:
    rows = tx.rows("SELECT address FROM envoi_recipient WHERE message = ? AND state = 'delivered'", identity)
    return frozenset(address for (address,) in rows)


def _held(tx: Transaction, claim: Claim) -> bool:
    """Whether the claim is good still."""
    query = "SELECT 1 FROM envoi_message WHERE id = ? AND stage = 'claimed' AND attempt = ?"
    return tx.row(query, octets_of(claim.id), claim.attempt) is not None


def mark_dots(tx: Transaction, claims: Sequence[Claim]) -> frozenset[str]:
    """Note for the recipients of each claim that is good still: from here on a crash leaves them unknown."""
    held = [claim for claim in claims if _held(tx, claim)]
    for claim in held:
        identity = octets_of(claim.id)
        recipients = load(tx, identity)
        write_down(tx, identity, recipients)
        tx.run_many(
            "UPDATE envoi_recipient SET dotted = ? WHERE message = ? AND position = ?",
            [
                (claim.attempt, identity, recipient.position)
                for recipient in recipients
                if recipient.address in claim.recipients
            ],
        )
    return frozenset(claim.id for claim in held)


def give_back(tx: Transaction, claims: Sequence[Claim]) -> None:
    """Let messages wait again as before; the attempt is not counted, but its number is not used again."""
    for claim in claims:
        if not _held(tx, claim):
            continue
        row = tx.row(
            "UPDATE envoi_message SET stage = 'waiting', attempts = attempts - 1, owner = NULL, "
            "lease_until = NULL, late = 0 WHERE id = ? RETURNING cancel_requested",
            octets_of(claim.id),
        )
        tx.rings = True
        if row[0]:
            cancel_open(tx, octets_of(claim.id))
