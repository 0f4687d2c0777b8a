"""Looking: what is known of messages, and what happened.

Lists are in `finding`, figures in `figures`, contents in `contents`; here rows become the values that all
of them show.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from envoi.outbox.model import (
    Event,
    MessageStatus,
    RecipientStatus,
    Stage,
    State,
)
from envoi.smtp.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi.drivers.postgres_store.link import Database, Row

__all__ = ["events", "status"]

_STATUS = """
SELECT m.id, m.message_id, m.account, m.sender, m.subject, m.key, m.size, m.priority,
    coalesce(q.stage, 'done'),
    coalesce(q.attempt - q.uncounted, d.attempt - d.uncounted, 0), coalesce(q.cancel, false), m.created_at,
    coalesce(q.due_at, d.due_at, m.created_at), m.expires_at, coalesce(q.owner, ''), q.lease_until
FROM unnest(%(ids)b::uuid[]) WITH ORDINALITY AS asked (id, number)
JOIN envoi_messages m USING (id)
LEFT JOIN envoi_queue q USING (id)
LEFT JOIN envoi_done d USING (id)
ORDER BY asked.number
"""
_RECIPIENTS = """
SELECT message, address, state, attempts, code, enhanced, reply, note, due_at, settled_at
FROM envoi_recipients WHERE message = ANY(%(ids)b::uuid[]) ORDER BY message, position
"""
_EVENTS = """
SELECT position, at, kind, message, recipient, code, enhanced, reply, note
FROM envoi_events
WHERE position < envoi_horizon() << 20 {after}
ORDER BY position {order} LIMIT %(most)b
"""


async def status(database: Database, ids: Sequence[str]) -> tuple[MessageStatus, ...]:
    """See `Store.status`; in the order asked for."""
    if not ids:
        return ()
    async with database.transaction() as link:
        rows = await link.run(_STATUS, ids=list(ids))
        recipients: dict[Any, list[RecipientStatus]] = {}
        for row in await link.run(_RECIPIENTS, ids=list(ids)):
            recipients.setdefault(row[0], []).append(_recipient(row))
    return tuple(_message(row, recipients.get(row[0], [])) for row in rows)


async def events(database: Database, after: int | None, most: int) -> tuple[Event, ...]:
    """See `Store.events`."""
    if after is None:
        rows = await database.run(_EVENTS.format(after="", order="DESC"), most=1)
    else:
        rows = await database.run(
            _EVENTS.format(after="AND position > %(after)b", order="ASC"), after=after, most=most
        )
    return tuple(
        Event(
            position=row[0],
            at=row[1].astimezone(UTC),
            kind=row[2],
            id=row[3].hex,
            recipient=row[4],
            reply=_reply(*row[5:8]),
            text=row[8],
        )
        for row in rows
    )


def _message(row: Row, recipients: list[RecipientStatus]) -> MessageStatus:
    return MessageStatus(
        id=row[0].hex,
        message_id=row[1],
        account=row[2],
        sender=row[3],
        subject=row[4],
        key=row[5],
        size=row[6],
        priority=row[7],
        stage=Stage(row[8]),
        attempts=row[9],
        cancel_requested=row[10],
        created_at=row[11].astimezone(UTC),
        due_at=row[12].astimezone(UTC),
        expires_at=row[13].astimezone(UTC),
        owner=row[14],
        lease_until=row[15] and row[15].astimezone(UTC),
        recipients=tuple(recipients),
    )


def _recipient(row: Row) -> RecipientStatus:
    _, address, state, attempts, code, enhanced, reply, note, due_at, settled_at = row
    return RecipientStatus(
        address=address,
        state=State(state),
        attempts=attempts,
        reply=_reply(code, enhanced, reply),
        text=note,
        next_attempt_at=due_at.astimezone(UTC) if State(state).open else None,
        settled_at=settled_at and settled_at.astimezone(UTC),
    )


def _reply(code: int | None, enhanced: str | None, text: str) -> Reply | None:
    return None if code is None else Reply(code=code, enhanced=enhanced, text=text)
