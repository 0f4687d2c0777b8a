"""Looking: one message, lists of them, and what happened. The figures are `figures`'."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from envoi.errors import UsageError
from envoi.outbox.model import (
    Event,
    MessageStatus,
    Page,
    RecipientStatus,
    Stage,
    State,
)
from envoi.smtp.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi.drivers.postgres_store.link import Database, Row
    from envoi.outbox.model import Query

__all__ = ["events", "find", "status"]

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
# What a list is read from, in its order: the table that has nothing else in it.
_SOURCES = {
    None: "envoi_messages m",
    Stage.DONE: "envoi_done s JOIN envoi_messages m USING (id)",
}
_QUEUE = "envoi_queue s JOIN envoi_messages m USING (id)"
_CONDITIONS = {
    "account": "m.account = %(account)b",
    "stage": "s.stage = %(stage)b",
    "state": "EXISTS (SELECT FROM envoi_recipients r WHERE r.state = %(state)b AND r.message = m.id)",
    "recipient": "EXISTS (SELECT FROM envoi_recipients r WHERE lower(r.address) = lower(%(recipient)b)"
    " AND r.message = m.id)",
    "message_id": "m.message_id = %(message_id)b",
    "key": "m.key <> '' AND m.key = %(key)b",
    "since": "{order}.created_at >= %(since)b::timestamptz",
    "before": "{order}.created_at < %(before)b::timestamptz",
    "after": "({order}.created_at, {order}.id) < (%(after)b::timestamptz, %(after_id)b::uuid)",
}
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


async def find(database: Database, query: Query, after: str | None, most: int) -> Page:
    """See `Store.find`; a place in the list is an instant and an id."""
    asked: dict[str, Any] = {
        name: value.value if isinstance(value, (Stage, State)) else value
        for name in query.__dataclass_fields__
        if (value := getattr(query, name)) is not None
    }
    if query.stage is Stage.DONE:
        del asked["stage"]
    if after is not None:
        asked["after"], asked["after_id"] = _place(after)
    order = "m" if query.stage is None else "s"
    conditions = [_CONDITIONS[name].format(order=order) for name in asked if name in _CONDITIONS]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = await database.run(
        f"SELECT {order}.created_at, {order}.id FROM {_SOURCES.get(query.stage, _QUEUE)} {where}"
        f" ORDER BY {order}.created_at DESC, {order}.id DESC LIMIT %(most)b",
        most=most + 1,
        **asked,
    )
    shown = rows[:most]
    messages = await status(database, [id_.hex for _, id_ in shown])
    more = shown[-1] if len(rows) > most and shown else None
    return Page(messages=messages, after=None if more is None else f"{more[0].timestamp():.6f}-{more[1].hex}")


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


def _place(after: str) -> tuple[datetime, str]:
    seconds, _, id_ = after.rpartition("-")
    try:
        return datetime.fromtimestamp(float(seconds), UTC), id_
    except ValueError:
        raise UsageError(f"{after!r} is no place in a list: pass on what `Page.after` said") from None


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
