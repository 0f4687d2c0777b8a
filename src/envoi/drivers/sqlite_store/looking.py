"""Looking at messages: `status` of some, their contents, what happened, and the figures of all.

Everything here reads one state of the tables and finds what it wants through an index or a count that is
kept; lists by query are in `finding`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi.drivers.sqlite_store.instants import SECOND, from_micros, octets_of
from envoi.drivers.sqlite_store.ledger import unposted_counts
from envoi.drivers.sqlite_store.recipients import reply_of
from envoi.errors import OutboxError
from envoi.outbox.model import (
    PRIORITIES,
    Content,
    Event,
    MessageStatus,
    RecipientStatus,
    Stage,
    State,
    Stats,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from envoi.drivers.sqlite_store.spool import Spool
    from envoi.drivers.sqlite_store.transaction import Transaction

__all__ = ["content", "events", "stats", "status", "statuses"]


def status(tx: Transaction, ids: Sequence[str]) -> tuple[MessageStatus, ...]:
    """Return what is known of these messages, in the order in which they are named."""
    return statuses(tx, [octets_of(identity) for identity in ids])


def statuses(tx: Transaction, identities: Iterable[bytes]) -> tuple[MessageStatus, ...]:
    """Return what is known of these messages; those that are not there are left out."""
    rows = (
        tx.row(
            "SELECT id, message_id, account, sender, subject, key, size, priority, stage, attempts, "
            "cancel_requested, created_at, due_at, expires_at, owner, lease_until, recipients "
            "FROM envoi_message WHERE id = ?",
            identity,
        )
        for identity in identities
    )
    return tuple(_message(tx, *row) for row in rows if row is not None)


def _message(
    tx: Transaction,
    identity: bytes,
    message_id: str,
    account: str,
    sender: str,
    subject: str,
    key: str,
    size: int,
    priority: int,
    stage: str,
    attempts: int,
    cancel_requested: int,
    created_at: int,
    due_at: int,
    expires_at: int,
    owner: str | None,
    lease_until: int | None,
    recipients: str,
) -> MessageStatus:
    due = from_micros(due_at)
    return MessageStatus(
        id=identity.hex(),
        message_id=message_id,
        account=account,
        sender=sender,
        subject=subject,
        key=key,
        size=size,
        priority=priority,
        stage=Stage(stage),
        attempts=attempts,
        cancel_requested=bool(cancel_requested),
        created_at=from_micros(created_at),
        due_at=due,
        expires_at=from_micros(expires_at),
        owner=owner or "",
        lease_until=None if lease_until is None else from_micros(lease_until),
        recipients=_recipients(tx, identity, recipients, due),
    )


def _recipients(
    tx: Transaction, identity: bytes, unwritten: str, due: datetime
) -> tuple[RecipientStatus, ...]:
    rows = tx.rows(
        "SELECT address, state, attempts, code, enhanced, text, due_at, settled_at FROM envoi_recipient "
        "WHERE message = ? ORDER BY position",
        identity,
    )
    if not rows:
        return tuple(
            RecipientStatus(address=address, state=State.PENDING, next_attempt_at=due)
            for address in unwritten.split("\n")
            if address
        )
    found: list[RecipientStatus] = []
    for address, state, attempts, code, enhanced, words, due_at, settled_at in rows:
        reply, text = reply_of(code, enhanced, words)
        found.append(
            RecipientStatus(
                address=address,
                state=State(state),
                attempts=attempts,
                reply=reply,
                text=text,
                next_attempt_at=None if due_at is None else from_micros(due_at),
                settled_at=None if settled_at is None else from_micros(settled_at),
            )
        )
    return tuple(found)


def content(tx: Transaction, message: str, spool: Spool) -> Content:
    """Return the octets of a message, or the file they are in.

    Raises:
        OutboxError: there is none.
    """
    row = tx.row(
        "SELECT a.octets, a.file FROM envoi_message m JOIN envoi_arrival a ON a.position = m.content "
        "WHERE m.id = ?",
        octets_of(message),
    )
    if row is None:
        raise OutboxError(
            f"there is no content of the message {message}: the id is wrong, or the mail was delivered or "
            "cancelled, after which its content is deleted"
        )
    octets, file = row
    return Content(octets=octets) if file is None else Content(path=spool.path(file))


def events(tx: Transaction, after: int | None, most: int) -> tuple[Event, ...]:
    """Return what happened after a position; None for the newest event alone."""
    # Those of messages that were purged are there for a while yet.
    living = "EXISTS (SELECT 1 FROM envoi_message WHERE id = message)"
    happened = (
        "SELECT position, at, kind, message, recipient, code, enhanced, text FROM envoi_event "  # noqa: S608 - our own words
        f"WHERE {living} AND position > ? UNION ALL "
        "SELECT position, at, 'submitted', message, '', NULL, NULL, '' FROM envoi_arrival "
        f"WHERE at IS NOT NULL AND {living} AND position > ?"
    )
    if after is None:
        rows = tx.rows(f"{happened} ORDER BY position DESC LIMIT 1", -1, -1)
    else:
        rows = tx.rows(f"{happened} ORDER BY position LIMIT ?", after, after, most)
    return tuple(_event(*row) for row in rows)


def _event(
    position: int,
    at: int,
    kind: str,
    message: bytes,
    recipient: str,
    code: int | None,
    enhanced: str | None,
    words: str,
) -> Event:
    reply, text = reply_of(code, enhanced, words)
    return Event(
        position=position,
        at=from_micros(at),
        kind=kind,
        id=message.hex(),
        recipient=recipient,
        reply=reply,
        text=text,
    )


def stats(tx: Transaction) -> Stats:
    """Return the figures, of counts that are kept and of what is not in them yet."""
    figures = unposted_counts(tx)
    begun = tx.now - tx.now % SECOND
    due = sum(amount for (name, second), amount in figures.items() if name == "due" and second < begun)
    for name, key, amount in tx.rows(
        "SELECT name, key, amount FROM envoi_count "
        "WHERE amount > 0 AND name NOT IN ('due', 'swept', 'posted')"
    ):
        figures[name, key] += amount
    counts: dict[str, dict[Any, int]] = {}
    for (name, key), amount in figures.items():
        counts.setdefault(name, {})[key] = amount
    waiting = counts.get(Stage.WAITING.value, {})
    settled = counts.get("settled", {})
    oldest = _oldest(tx, waiting)
    return Stats(
        stages={stage: sum(counts.get(stage.value, {}).values()) for stage in Stage},
        accounts=dict(sorted(waiting.items())),
        due=due + _due(tx, waiting, begun),
        oldest_due_at=None if oldest is None or oldest > tx.now else from_micros(oldest),
        settled={state: settled[state.value] for state in State if state.value in settled},
    )


def _oldest(tx: Transaction, accounts: Iterable[str]) -> int | None:
    """The due time of the first message that waits: within the first part that is not empty."""
    firsts = (
        tx.row(
            "WITH RECURSIVE priority(n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM priority WHERE n < 9) "
            "SELECT min((SELECT min(due_at) FROM envoi_message "
            "WHERE stage = 'waiting' AND account = ? AND priority = priority.n)) FROM priority",
            account,
        )[0]
        for account in accounts
    )
    return min((first for first in firsts if first is not None), default=None)


def _due(tx: Transaction, accounts: Iterable[str], begun: int) -> int:
    """How many are due: whole seconds as counted, and one by one those of the second that has begun."""
    query = (
        "SELECT count(*) FROM envoi_message WHERE stage = 'waiting' AND account = ? AND priority = ? "
        "AND due_at BETWEEN ? AND ?"
    )
    due: int = tx.row(
        "SELECT coalesce(sum(amount), 0) FROM envoi_count WHERE name = 'due' AND key < ?", begun
    )[0]
    for account in accounts:
        for priority in PRIORITIES:
            due += tx.row(query, account, priority, begun, tx.now)[0]
    return due
