"""Lists: the newest first, which the ids tell, from an index that is in that order already.

However many messages there are, a page reads little more than what it shows. What narrows the list most is
read from its own index; the rest are conditions on what that gives.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from envoi.drivers.postgres_store.looking import status
from envoi.errors import UsageError
from envoi.outbox.model import Page, Stage, State

if TYPE_CHECKING:
    from envoi.drivers.postgres_store.link import Database
    from envoi.outbox.model import Query

__all__ = ["find"]

# A plain DISTINCT would read all of them, to sort them the other way round.
_EACH = "SELECT DISTINCT ON (message) message AS id FROM envoi_recipients WHERE {} ORDER BY message DESC"
# The first of these that was asked for is where the ids come from.
_SOURCES = {
    "key": "SELECT id FROM envoi_messages WHERE key <> '' AND key = %(key)b",
    "message_id": "SELECT id FROM envoi_messages WHERE message_id = %(message_id)b",
    "recipient": _EACH.format("lower(address) = lower(%(recipient)b)"),
    "state": _EACH.format("state = %(state)b"),
    "stage": "",
    "since": "",
    "before": "",
    "account": "SELECT id FROM envoi_messages WHERE account = %(account)b",
}
_IN_STAGE = """
SELECT f.id
FROM (SELECT name FROM envoi_accounts UNION SELECT account FROM envoi_nudges) a
CROSS JOIN LATERAL (
    SELECT q.id FROM envoi_queue q
    WHERE q.account = a.name AND q.stage = %(stage)b {after} ORDER BY q.id DESC LIMIT {most}
) f
"""
_CONDITIONS = {
    "account": "m.account = %(account)b",
    "stage": "EXISTS (SELECT FROM envoi_queue q WHERE q.id = m.id AND q.stage = %(stage)b)",
    "state": "EXISTS (SELECT FROM envoi_recipients r WHERE r.message = m.id AND r.state = %(state)b)",
    "message_id": "m.message_id = %(message_id)b",
    "key": "m.key = %(key)b",
    "since": "m.created_at >= %(since)b::timestamptz",
    "before": "m.created_at < %(before)b::timestamptz",
}
_IS_DONE = "EXISTS (SELECT FROM envoi_done d WHERE d.id = m.id)"


async def find(database: Database, query: Query, after: str | None, most: int) -> Page:
    """See `Store.find`; a place in the list is an instant and an id."""
    asked: dict[str, Any] = {
        name: value.value if isinstance(value, (Stage, State)) else value
        for name in query.__dataclass_fields__
        if (value := getattr(query, name)) is not None
    }
    if after is not None:
        asked["after_at"], asked["after"] = _place(after)
    rows = await database.run(_statement(asked, most + 1), **asked)
    shown = rows[:most]
    messages = await status(database, [id_.hex for id_, _ in shown])
    if len(rows) <= most or not shown:
        return Page(messages=messages)
    id_, created_at = shown[-1]
    return Page(messages=messages, after=f"{created_at.timestamp():.6f}-{id_.hex}")


def _statement(asked: dict[str, Any], most: int) -> str:
    """The statement of a page: `most` rows of ids and instants."""
    source = next((name for name in _SOURCES if name in asked), "")
    by_time = source in {"since", "before"}
    conditions = [_condition(name, asked) for name in asked if name in _CONDITIONS and name != source]
    if by_time:
        conditions.append(_CONDITIONS[source])
    if "after" in asked:
        place = "(%(after_at)b::timestamptz, %(after)b::uuid)"
        conditions.append(f"(m.created_at, m.id) < {place}" if by_time else "f.id < %(after)b::uuid")
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    found = "" if by_time else f"({_source(source, asked, most)}) f JOIN "
    on = "" if by_time else "USING (id)"
    order = "m.created_at DESC, m.id DESC" if by_time else "f.id DESC"
    return (
        f"SELECT m.id, m.created_at FROM {found} envoi_messages m {on} {where} ORDER BY {order} LIMIT {most}"
    )


def _condition(name: str, asked: dict[str, Any]) -> str:
    return _IS_DONE if name == "stage" and asked[name] == Stage.DONE.value else _CONDITIONS[name]


def _source(source: str, asked: dict[str, Any], most: int) -> str:
    """Where the ids come from, in descending order."""
    if source != "stage":
        return _SOURCES.get(source, "SELECT id FROM envoi_messages")
    of_account = "WHERE account = %(account)b" if "account" in asked else ""
    if asked["stage"] == Stage.DONE.value:
        return f"SELECT id FROM envoi_done {of_account}"
    if of_account:
        return f"SELECT id FROM envoi_queue {of_account} AND stage = %(stage)b"
    # With further conditions nobody knows how many of each account are needed.
    alone = asked.keys() <= {"stage", "after", "after_at"}
    after = "AND q.id < %(after)b::uuid" if "after" in asked else ""
    return _IN_STAGE.format(after=after, most=most if alone else "ALL")


def _place(after: str) -> tuple[datetime, str]:
    seconds, _, id_ = after.rpartition("-")
    try:
        return datetime.fromtimestamp(float(seconds), UTC), UUID(hex=id_).hex
    except ValueError:
        raise UsageError(f"{after!r} is no place in a list: pass on what `Page.after` said") from None
