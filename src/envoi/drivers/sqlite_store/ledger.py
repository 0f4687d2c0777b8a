"""What follows from messages that were put, written down later: figures, accounts, and words to find by.

A lone enqueue writes each page it touches to the log before it returns; so `put` leaves out what the message
tells, and `post` catches up for many at once, in about as many pages as one alone would take. Whatever
changes messages posts first. Whatever looks takes into account what is not posted yet.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from envoi.drivers.sqlite_store.instants import SECOND
from envoi.outbox.model import Stage

if TYPE_CHECKING:
    from envoi.drivers.sqlite_store.transaction import Transaction

__all__ = ["NEXT_POSITION", "POST_AFTER", "accounts", "post", "unposted", "unposted_counts"]

#: Positions after which a put posts: few enough to look through, and for one put in many to take longer.
POST_AFTER = 256
#: Where the next event stands, unless that is known; those of contents that are there still have a table of
#: their own.
NEXT_POSITION = (
    "coalesce(?, (SELECT 1 + max(coalesce((SELECT max(position) FROM envoi_event), 0), "
    "coalesce((SELECT max(position) FROM envoi_arrival), 0))))"
)
_UNPOSTED = (
    "SELECT m.id, m.stage, m.account, m.due_at, m.message_id, m.recipients "
    "FROM envoi_arrival a CROSS JOIN envoi_message m ON m.id = a.message "
    "WHERE a.position > (SELECT amount FROM envoi_count WHERE name = 'posted')"
)


def post(tx: Transaction) -> None:
    """Catch up with what was put."""
    posted, newest = tx.row(
        "SELECT (SELECT amount FROM envoi_count WHERE name = 'posted'), max(position) FROM envoi_arrival"
    )
    if newest is None or newest <= posted:
        return
    rows = tx.rows(_UNPOSTED)
    counts = _counts(rows)
    tx.run_many(
        "INSERT INTO envoi_account (name) VALUES (?) ON CONFLICT DO NOTHING",
        [(account,) for account in _accounts(counts)],
    )
    tx.run_many(
        "INSERT INTO envoi_count VALUES (?, ?, ?) "
        "ON CONFLICT DO UPDATE SET amount = amount + excluded.amount",
        [(*name, amount) for name, amount in counts.items()],
    )
    words = [(word, row[0]) for row in rows for word in _words(tx, *row)]
    tx.run_many("INSERT OR IGNORE INTO envoi_word VALUES (?, ?)", sorted(words))
    tx.run("UPDATE envoi_count SET amount = ? WHERE name = 'posted'", newest)


def unposted(tx: Transaction) -> list[bytes]:
    """The ids of messages that are not found by words yet, the newest first."""
    return sorted((row[0] for row in tx.rows(_UNPOSTED)), reverse=True)


def unposted_counts(tx: Transaction) -> Counter[tuple[str, Any]]:
    """What is to be added to the figures: name and key → amount."""
    return _counts(tx.rows(_UNPOSTED))


def accounts(tx: Transaction) -> set[str]:
    """The names of all accounts, those of messages that are not posted included."""
    known = {name for (name,) in tx.rows("SELECT name FROM envoi_account")}
    return known | _accounts(unposted_counts(tx))


def _counts(rows: list[Any]) -> Counter[tuple[str, Any]]:
    counts: Counter[tuple[str, Any]] = Counter()
    for _, stage, account, due_at, *_ in rows:
        counts[stage, account] += 1
        if stage == Stage.WAITING.value:
            counts["due", due_at - due_at % SECOND] += 1
    return counts


def _accounts(counts: Counter[tuple[str, Any]]) -> set[str]:
    return {key for name, key in counts if name != "due"}


def _words(tx: Transaction, identity: bytes, *row: Any) -> list[str]:
    *_, message_id, recipients = row
    if recipients:
        return [message_id, *recipients.split("\n")]
    rows = tx.rows("SELECT address FROM envoi_recipient WHERE message = ?", identity)
    return [message_id, *(address for (address,) in rows)]
