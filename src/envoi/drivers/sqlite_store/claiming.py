"""Claiming: which messages a worker gets now, in which order, under which limits.

What an account may do is asked of `envoi.outbox.account_state.admit` with the account's row in hand; since
there is one writer at a time, that holds over all workers. Due messages are found through the index
of those that wait, priority by priority: what is scheduled for later is never looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from envoi.drivers.sqlite_store.accounts import Account, save_state
from envoi.drivers.sqlite_store.instants import SECOND, from_micros, micros, octets_of
from envoi.outbox.account_state import admit
from envoi.outbox.model import PRIORITIES, Claim, Claimed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from envoi.drivers.sqlite_store.transaction import Transaction

__all__ = ["MOST_OFFERED", "claim", "claim_these"]

_Due: TypeAlias = "tuple[bytes, str]"
"""The id of a message, and its recipients if they are few."""

#: Recipients of one envelope (RFC 5321 §4.5.3.1.8 grants at least these).
MOST_OFFERED = 100
#: Octets of a content that come with the claim.
FEW = 64 * 1024


def claim(tx: Transaction, owner: str, most: int, lease: float, accounts: Sequence[str] | None) -> Claimed:
    """Claim up to `most` messages that are due; the account that was served least recently comes first."""
    claims: list[Claim] = []
    wakes: list[datetime] = []
    turns = _turns(tx, accounts)
    for account in turns:
        asked = admit(account.rules.limits, account.state, (1,), from_micros(tx.now))
        if asked.instants:
            got, wake_at = _admitted(tx, account, _due(tx, account.name, most - len(claims)), owner, lease)
            claims += got
            wakes += [wake_at] if wake_at is not None else []
        elif asked.wake_at is not None:
            wakes.append(asked.wake_at)
        if len(claims) == most:
            return Claimed(claims=tuple(claims), wake_at=from_micros(tx.now))
    later = _next_due(tx, [account.name for account in turns])
    wakes += [from_micros(later)] if later is not None else []
    return Claimed(claims=tuple(claims), wake_at=min(wakes, default=None))


def claim_these(tx: Transaction, owner: str, ids: Sequence[str], lease: float) -> Claimed:
    """Claim what of these is due and free, account by account."""
    wanted: dict[str, list[_Due]] = {}
    for identity in dict.fromkeys(ids):
        row = tx.row(
            "SELECT account, id, recipients FROM envoi_message "
            "WHERE id = ? AND stage = 'waiting' AND due_at <= ?",
            octets_of(identity),
            tx.now,
        )
        if row is not None:
            wanted.setdefault(row[0], []).append(row[1:])
    claims: list[Claim] = []
    wakes: list[datetime] = []
    for account in _turns(tx, list(wanted)):
        got, wake_at = _admitted(tx, account, wanted[account.name], owner, lease)
        claims += got
        wakes += [wake_at] if wake_at is not None else []
    return Claimed(claims=tuple(claims), wake_at=min(wakes, default=None))


def _turns(tx: Transaction, accounts: Sequence[str] | None) -> list[Account]:
    """The accounts with mail that waits, least recently served first."""
    rows = tx.rows(
        "SELECT a.name, a.rules, a.state FROM envoi_count c JOIN envoi_account a ON a.name = c.key "
        "WHERE c.name = 'waiting' AND c.amount > 0 ORDER BY a.served, a.name"
    )
    return [Account.read(*row) for row in rows if accounts is None or row[0] in accounts]


def _due(tx: Transaction, account: str, most: int) -> list[_Due]:
    found: list[_Due] = []
    for priority in PRIORITIES:
        rows = tx.rows(
            "SELECT id, recipients FROM envoi_message WHERE stage = 'waiting' AND account = ? "
            "AND priority = ? AND due_at <= ? ORDER BY due_at, id LIMIT ?",
            account,
            priority,
            tx.now,
            most - len(found),
        )
        found += rows
        if len(found) == most:
            break
    return found


def _next_due(tx: Transaction, accounts: Sequence[str]) -> int | None:
    """When the first of the messages that wait for their time is due."""
    firsts: Iterator[int | None] = (
        tx.row(
            "SELECT min(due_at) FROM envoi_message WHERE stage = 'waiting' AND account = ? AND priority = ? "
            "AND due_at > ?",
            account,
            priority,
            tx.now,
        )[0]
        for account in accounts
        for priority in PRIORITIES
    )
    return min((first for first in firsts if first is not None), default=None)


def _admitted(
    tx: Transaction, account: Account, due: Sequence[_Due], owner: str, lease: float
) -> tuple[list[Claim], datetime | None]:
    if not due:
        return [], None
    offers = [_offer(tx, *one) for one in due]
    admission = admit(
        account.rules.limits, account.state, [len(offer) for offer in offers], from_micros(tx.now)
    )
    if not admission.instants:
        return [], admission.wake_at
    save_state(tx, account, admission.state)
    tx.run(
        "UPDATE envoi_account SET served = (SELECT max(served) + 1 FROM envoi_account) WHERE name = ?",
        account.name,
    )
    claims = [
        _claim(tx, identity, owner, lease, offer, instant)
        for (identity, _), offer, instant in zip(due, offers, admission.instants, strict=False)
    ]
    return claims, admission.wake_at


def _offer(tx: Transaction, identity: bytes, few: str) -> dict[str, int]:
    """The recipients to offer now, and how often each was tried."""
    if few and tx.row("SELECT 1 FROM envoi_recipient WHERE message = ?", identity) is None:
        return dict.fromkeys(few.split("\n"), 0)
    return dict(
        tx.rows(
            "SELECT address, attempts FROM envoi_recipient WHERE message = ? "
            "AND state IN ('pending', 'deferred') AND due_at <= ? ORDER BY position LIMIT ?",
            identity,
            tx.now,
            MOST_OFFERED,
        )
    )


def _claim(
    tx: Transaction, identity: bytes, owner: str, lease: float, offer: dict[str, int], instant: datetime
) -> Claim:
    # A message that leaves later than now, by its account's clock, is leased from then on.
    lease_until = max(micros(instant), tx.now) + int(lease * SECOND)
    row = tx.row(
        "UPDATE envoi_message SET stage = 'claimed', attempt = attempt + 1, attempts = attempts + 1, "
        "owner = ?, lease_until = ? WHERE id = ? "
        "RETURNING attempt, account, sender, options, message_id, size, created_at, expires_at, content",
        owner,
        lease_until,
        identity,
    )
    attempt, account, sender, options, message_id, size, created_at, expires_at, number = row
    content = None
    if size <= FEW:
        content = tx.row("SELECT octets FROM envoi_arrival WHERE position = ?", number)[0]
    return Claim(
        id=identity.hex(),
        attempt=attempt,
        account=account,
        sender=sender,
        recipients=offer,
        options=options,
        message_id=message_id,
        size=size,
        content=content,
        created_at=from_micros(created_at),
        expires_at=from_micros(expires_at),
        not_before=instant,
        lease_until=from_micros(lease_until),
    )
