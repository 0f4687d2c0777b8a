"""What changes recipients, with an event each, and what their states make of their message.

`refile` is the one place where this law stands: a message is waiting while a recipient is open, else held
while one is unknown, else done. Who calls it has locked the messages in the queue before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from envoi.drivers.postgres_store.contents import delete_kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from envoi.drivers.postgres_store.link import Link
    from envoi.outbox.model import RecipientResult

__all__ = ["Locked", "cancel_open", "change", "columns", "lock", "make_unknown", "refile", "reopen"]

_LOCK = """
SELECT id, stage, attempt, settled, cancel, owner
FROM envoi_queue WHERE id = ANY(%(ids)b::uuid[]) ORDER BY id FOR UPDATE
"""
# A result without a word leaves the last one.
_LAST_WORD = ", ".join(
    f"{column} = CASE WHEN g.code IS NULL AND g.note = '' THEN r.{column} ELSE g.{column} END"
    for column in ("code", "enhanced", "reply", "note")
)
_CHANGE = f"""
WITH changed AS (
    UPDATE envoi_recipients r
    SET state = g.state, attempts = r.attempts + g.counted::integer, due_at = coalesce(g.due_at, r.due_at),
        settled_at = CASE WHEN g.state IN ('pending', 'deferred') THEN NULL ELSE %(now)b::timestamptz END,
        {_LAST_WORD}
    FROM unnest(%(messages)b::uuid[], %(addresses)b::text[], %(states)b::text[], %(codes)b::smallint[],
        %(enhanced)b::text[], %(replies)b::text[], %(notes)b::text[], %(due)b::timestamptz[],
        %(counted)b::boolean[]) AS g (message, address, state, code, enhanced, reply, note, due_at, counted)
    WHERE r.message = g.message AND r.address = g.address AND r.state <> 'delivered'
    RETURNING r.message, r.address, r.state, r.code, r.enhanced, r.reply, r.note
), first AS MATERIALIZED (
    SELECT envoi_positions(cardinality(%(messages)b::uuid[])) AS position
)
INSERT INTO envoi_events (position, at, kind, message, recipient, code, enhanced, reply, note)
SELECT first.position + row_number() OVER () - 1, %(now)b::timestamptz, state, message, address, code,
    enhanced, reply, note
FROM changed CROSS JOIN first WHERE state <> 'pending'
"""
_CANCEL_OPEN = """
WITH changed AS (
    UPDATE envoi_recipients SET state = 'cancelled', settled_at = %(now)b::timestamptz
    WHERE message = ANY(%(ids)b::uuid[]) AND state = ANY(%(states)b::text[])
    RETURNING message, address
), told AS (
    INSERT INTO envoi_events (at, kind, message, recipient)
    SELECT %(now)b::timestamptz, 'cancelled', message, address FROM changed
)
SELECT DISTINCT message FROM changed
"""
_MAKE_UNKNOWN = """
WITH changed AS (
    UPDATE envoi_recipients r
    SET state = 'unknown', attempts = r.attempts + 1, settled_at = %(now)b::timestamptz,
        note = %(note)b::text, code = NULL, enhanced = NULL, reply = ''
    FROM envoi_queue q
    WHERE q.id = ANY(%(ids)b::uuid[]) AND r.message = q.id AND r.state IN ('pending', 'deferred')
        AND r.address IN (SELECT jsonb_array_elements_text(q.dot::jsonb))
    RETURNING r.message, r.address, r.note
)
INSERT INTO envoi_events (at, kind, message, recipient, note)
SELECT %(now)b::timestamptz, 'unknown', message, address, note FROM changed
"""
_REOPEN = """
UPDATE envoi_recipients SET state = 'pending', due_at = %(now)b::timestamptz, settled_at = NULL
WHERE message = ANY(%(ids)b::uuid[]) AND state = ANY(%(states)b::text[])
RETURNING message
"""
_REFILE = """
WITH seen AS MATERIALIZED (
    SELECT message AS id,
        bool_or(state IN ('pending', 'deferred')) AS open, bool_or(state = 'unknown') AS unknown,
        bool_and(state IN ('delivered', 'cancelled')) AS sent,
        min(due_at) FILTER (WHERE state IN ('pending', 'deferred')) AS due_at
    FROM envoi_recipients WHERE message = ANY(%(ids)b::uuid[]) GROUP BY message
), gone AS (
    DELETE FROM envoi_queue q USING seen s
    WHERE q.id = s.id AND NOT s.open AND NOT s.unknown
    RETURNING q.id, q.account, q.due_at, q.attempt, q.uncounted,
        CASE WHEN q.stage = 'claimed' THEN q.attempt ELSE q.settled END AS settled
), filed AS (
    INSERT INTO envoi_done (id, account, due_at, done_at, attempt, uncounted, settled)
    SELECT id, account, due_at, %(now)b::timestamptz, attempt, uncounted, settled FROM gone
), stays AS (
    UPDATE envoi_queue q
    SET stage = CASE
            WHEN NOT s.open OR (q.stage = 'held' AND NOT %(free)b::boolean) THEN 'held' ELSE 'waiting'
        END,
        settled = CASE WHEN q.stage = 'claimed' THEN q.attempt ELSE q.settled END,
        due_at = coalesce(s.due_at, q.due_at), cancel = false,
        owner = NULL, claimed_at = NULL, lease_until = NULL, dot = NULL
    FROM seen s WHERE q.id = s.id AND (s.open OR s.unknown)
), inline AS (
    DELETE FROM envoi_contents c USING seen s WHERE c.id = s.id AND s.sent
)
SELECT DISTINCT m.content FROM envoi_messages m JOIN seen s ON m.id = s.id
WHERE s.sent AND m.content <> m.id
"""


@dataclass(frozen=True, slots=True)
class Locked:
    """A message of the queue whose row is locked."""

    stage: str
    attempt: int
    settled: int
    cancel: bool
    owner: str | None


async def lock(link: Link, ids: Iterable[str]) -> dict[str, Locked]:
    """Lock messages of the queue, in the order of their ids so that no two wait for each other."""
    rows = await link.run(_LOCK, ids=list(ids))
    return {row[0].hex: Locked(*row[1:]) for row in rows}


async def change(link: Link, results: Sequence[tuple[str, RecipientResult]], now: datetime) -> None:
    """Write results down; a recipient that was delivered stays so."""
    if results:
        await link.run(_CHANGE, now=now, **columns(results))


def columns(results: Sequence[tuple[str, RecipientResult]]) -> dict[str, list[Any]]:
    """The columns of results, with the message that each belongs to."""
    return {
        "messages": [message for message, _ in results],
        "addresses": [r.address for _, r in results],
        "states": [r.state.value for _, r in results],
        "codes": [r.reply.code if r.reply else None for _, r in results],
        "enhanced": [r.reply.enhanced if r.reply else None for _, r in results],
        "replies": [r.reply.text if r.reply else "" for _, r in results],
        "notes": [r.text for _, r in results],
        "due": [r.due_at for _, r in results],
        "counted": [r.counted for _, r in results],
    }


async def cancel_open(
    link: Link, ids: Sequence[str], now: datetime, *, unknown: bool = False
) -> frozenset[str]:
    """Cancel the open recipients of messages; return the messages that had some.

    With `unknown` a person has decided that those are not written to again either.
    """
    if not ids:
        return frozenset()
    states = ["pending", "deferred", *(["unknown"] if unknown else [])]
    rows = await link.run(_CANCEL_OPEN, ids=list(ids), now=now, states=states)
    return frozenset(row[0].hex for row in rows)


async def make_unknown(link: Link, ids: Sequence[str], now: datetime, note: str) -> None:
    """Make those recipients unknown that were offered when the dot was marked."""
    if ids:
        await link.run(_MAKE_UNKNOWN, ids=list(ids), now=now, note=note)


async def reopen(link: Link, ids: Sequence[str], states: Sequence[str], now: datetime) -> frozenset[str]:
    """Make recipients in these states pending and due now; return the messages that had some."""
    if not ids:
        return frozenset()
    return frozenset(
        row[0].hex for row in await link.run(_REOPEN, ids=list(ids), states=list(states), now=now)
    )


async def refile(link: Link, ids: Sequence[str], now: datetime, *, free: bool = False) -> None:
    """Put messages where the states of their recipients say; `free` those that a person held, too."""
    if ids:
        rows = await link.run(_REFILE, ids=list(ids), now=now, free=free)
        await delete_kept(link, [content for (content,) in rows])
