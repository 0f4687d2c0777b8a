"""What comes after the end: notes about what was learnt later, and forgetting what is long done.

A note may come by a bounce weeks later, so it finds the message by its id alone. What a bounce *says* is read
in `envoi.message.reports`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.drivers.sqlite_store.instants import SECOND, micros, octets_of
from envoi.drivers.sqlite_store.recipients import delete_content, load, log, save, stand
from envoi.outbox.model import State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from envoi.drivers.sqlite_store.transaction import Transaction
    from envoi.outbox.model import RecipientResult

__all__ = ["note", "purge"]

#: How long a key is known after the end of its message.
_KEYS_KNOWN = 7 * 24 * 3600 * SECOND


def note(tx: Transaction, message: str, results: Sequence[RecipientResult], kind: str) -> bool:
    """Record results that came by another way, as events of a kind; False for an unknown message."""
    identity = octets_of(message)
    row = tx.row("SELECT stage FROM envoi_message WHERE id = ?", identity)
    if row is None:
        return False
    recipients = load(tx, identity)
    known = {recipient.address: recipient for recipient in recipients}
    for result in results:
        recipient = known.get(result.address)
        # Delivered is left for failed alone.
        stays = {State.DELIVERED} if recipient and recipient.state is State.DELIVERED else set[State]()
        if recipient is not None and (not stays or result.state is State.FAILED):
            recipient.state = result.state
            recipient.due_at = (
                (micros(result.due_at) if result.due_at else tx.now) if recipient.open else None
            )
            save(tx, identity, recipient, reply=result.reply, text=result.text)
        log(tx, kind, identity, result.address, reply=result.reply, text=result.text)
    if row[0] != "claimed":
        stand(tx, identity, recipients, held=row[0] == "held")
    return True


def purge(tx: Transaction, before: datetime, most: int) -> int:
    """Forget messages done before an instant; return how many."""
    rows = tx.rows(
        "SELECT id, done_at, key, message_id FROM envoi_message WHERE stage = 'done' AND done_at < ? "
        "ORDER BY done_at LIMIT ?",
        micros(before),
        most,
    )
    for identity, done_at, key, message_id in rows:
        if key:
            # Not by account: the message may have been moved, its key stays where it was.
            tx.run("UPDATE envoi_key SET ended_at = ? WHERE key = ? AND message = ?", done_at, key, identity)
        delete_content(tx, identity)
        words = [message_id, *(recipient.address for recipient in load(tx, identity))]
        tx.run_many("DELETE FROM envoi_word WHERE word = ? AND message = ?", [(w, identity) for w in words])
        tx.run("DELETE FROM envoi_recipient WHERE message = ?", identity)
        tx.run("DELETE FROM envoi_message WHERE id = ?", identity)
    _sweep_events(tx, 10 * most)
    tx.run("DELETE FROM envoi_key WHERE ended_at < ?", tx.now - _KEYS_KNOWN)
    return len(rows)


def _sweep_events(tx: Transaction, most: int) -> None:
    """Delete the events of messages that are not there any more, some at a time, round and round.

    An index from messages to events would do it at once, and cost every enqueue a page more to write.
    """
    swept = tx.row("SELECT coalesce(max(amount), 0) FROM envoi_count WHERE name = 'swept'")[0]
    rows = tx.rows(
        "SELECT position, EXISTS (SELECT 1 FROM envoi_message WHERE id = message) FROM envoi_event "
        # Not the newest: SQLite would give its position away again, and who follows the events miss the next.
        "WHERE position > ? AND position < (SELECT max(position) FROM envoi_event) ORDER BY position LIMIT ?",
        swept,
        most,
    )
    tx.run_many("DELETE FROM envoi_event WHERE position = ?", [(row[0],) for row in rows if not row[1]])
    tx.run(
        "INSERT OR REPLACE INTO envoi_count VALUES ('swept', '', ?)", rows[-1][0] if len(rows) == most else 0
    )
