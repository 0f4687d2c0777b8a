"""Steering: what is decided about messages that are there, and what is learnt of them later.

Messages are locked in the order of their ids before anything is changed, and filed by `recipients.refile`
after it. Looking at them is in `looking` and `finding`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.drivers.postgres_store.contents import delete_kept
from envoi.drivers.postgres_store.doorbell import ring
from envoi.drivers.postgres_store.recipients import cancel_open, columns, lock, refile, reopen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from envoi.drivers.postgres_store.link import Link
    from envoi.outbox.model import RecipientResult

__all__ = ["cancel", "hold", "move", "note", "purge", "release", "reschedule", "retry"]

_REQUEST_CANCEL = """
UPDATE envoi_queue q SET cancel = true
WHERE id = ANY(%(ids)b::uuid[])
    AND EXISTS (SELECT FROM envoi_recipients r WHERE r.message = q.id AND r.state IN ('pending', 'deferred'))
RETURNING id
"""
_REVIVE = """
WITH back AS (DELETE FROM envoi_done WHERE id = ANY(%(ids)b::uuid[]) RETURNING *)
INSERT INTO envoi_queue (id, account, priority, stage, due_at, attempt, uncounted, settled)
SELECT b.id, m.account, m.priority, 'waiting', %(now)b::timestamptz, b.attempt, b.uncounted, b.settled
FROM back b JOIN envoi_messages m USING (id)
"""
_PROLONG = """
UPDATE envoi_messages SET expires_at = %(expires_at)b::timestamptz WHERE id = ANY(%(ids)b::uuid[])
"""
_RESCHEDULE = """
WITH moved AS (
    UPDATE envoi_queue SET due_at = %(due_at)b::timestamptz
    WHERE id = ANY(%(ids)b::uuid[]) AND stage = 'waiting' RETURNING id
), recipients AS (
    UPDATE envoi_recipients r SET due_at = %(due_at)b::timestamptz
    FROM moved WHERE r.message = moved.id AND r.state IN ('pending', 'deferred')
), prolonged AS (
    UPDATE envoi_messages m SET expires_at = %(due_at)b::timestamptz + (m.expires_at - m.created_at)
    FROM moved WHERE m.id = moved.id AND m.expires_at <= %(due_at)b::timestamptz
)
SELECT id FROM moved
"""
_MOVE = """
WITH accounts AS (
    INSERT INTO envoi_accounts (name) VALUES (%(to)b) ON CONFLICT DO NOTHING
), due AS (
    SELECT id FROM envoi_queue
    WHERE stage = 'waiting' AND account = %(account)b AND due_at <= %(now)b::timestamptz
    ORDER BY priority, due_at, id LIMIT %(most)b FOR UPDATE SKIP LOCKED
), moved AS (
    UPDATE envoi_queue q SET account = %(to)b FROM due WHERE q.id = due.id RETURNING q.id
)
UPDATE envoi_messages m SET account = %(to)b FROM moved WHERE m.id = moved.id RETURNING m.id
"""
_HOLD = """
WITH held AS (
    UPDATE envoi_queue SET stage = 'held' WHERE id = ANY(%(ids)b::uuid[]) AND stage = 'waiting' RETURNING id
), told AS (
    INSERT INTO envoi_events (at, kind, message) SELECT %(now)b::timestamptz, 'held', id FROM held
)
SELECT id FROM held
"""
_RELEASED = """
INSERT INTO envoi_events (at, kind, message)
SELECT %(now)b::timestamptz, 'released', id FROM unnest(%(ids)b::uuid[]) AS r (id)
"""
_OLD = """
SELECT id FROM envoi_done WHERE done_at < %(before)b::timestamptz ORDER BY done_at LIMIT %(most)b
FOR UPDATE SKIP LOCKED
"""
_PURGE = """
WITH done AS (DELETE FROM envoi_done WHERE id = ANY(%(ids)b::uuid[]) RETURNING id, done_at),
recipients AS (DELETE FROM envoi_recipients WHERE message = ANY(%(ids)b::uuid[])),
events AS (DELETE FROM envoi_events WHERE message = ANY(%(ids)b::uuid[])),
inline AS (DELETE FROM envoi_contents WHERE id = ANY(%(ids)b::uuid[])),
keys AS (
    UPDATE envoi_keys k SET forget_at = d.done_at + interval '7 days' FROM done d WHERE k.id = d.id
),
messages AS (DELETE FROM envoi_messages WHERE id = ANY(%(ids)b::uuid[]) RETURNING id, content)
SELECT DISTINCT content FROM messages WHERE content <> id
"""
_FORGET_KEYS = "DELETE FROM envoi_keys WHERE forget_at < %(now)b::timestamptz"
_IS_THERE = "SELECT 1 FROM envoi_messages WHERE id = %(message)b::uuid FOR UPDATE"
# A report by mail ends what is open or unknown, and only a failure ends what is delivered.
_NOTE = """
WITH given AS (
    SELECT * FROM unnest(%(messages)b::uuid[], %(addresses)b::text[], %(states)b::text[],
        %(codes)b::smallint[], %(enhanced)b::text[], %(replies)b::text[], %(notes)b::text[],
        %(due)b::timestamptz[], %(counted)b::boolean[])
        AS g (message, address, state, code, enhanced, reply, note, due_at, counted)
), changed AS (
    UPDATE envoi_recipients r
    SET state = g.state, settled_at = %(now)b::timestamptz, code = g.code, enhanced = g.enhanced,
        reply = g.reply, note = g.note
    FROM given g
    WHERE r.message = g.message AND lower(r.address) = lower(g.address) AND r.state <> g.state
        AND (g.state = 'failed' OR (g.state = 'delivered' AND r.state <> 'delivered'))
)
INSERT INTO envoi_events (at, kind, message, recipient, code, enhanced, reply, note)
SELECT %(now)b::timestamptz, %(kind)b::text, message, address, code, enhanced, reply, note FROM given
"""


async def cancel(link: Link, now: datetime, ids: Sequence[str]) -> frozenset[str]:
    """See `Store.cancel`."""
    locked = await lock(link, ids)
    claimed = [id_ for id_, message in locked.items() if message.stage == "claimed"]
    requested: frozenset[str] = frozenset()
    if claimed:
        requested = frozenset(id_.hex for (id_,) in await link.run(_REQUEST_CANCEL, ids=claimed))
    cancelled = await cancel_open(link, sorted(locked.keys() - set(claimed)), now, unknown=True)
    await refile(link, sorted(cancelled), now)
    return cancelled | requested


async def retry(link: Link, now: datetime, ids: Sequence[str], expires_at: datetime) -> frozenset[str]:
    """See `Store.retry`; whoever says so lets go of what was held, too."""
    locked = await lock(link, ids)
    changed = await reopen(link, ids, ("failed", "unknown", "deferred"), now)
    if changed:
        some = sorted(changed)
        await link.run(_REVIVE, ids=some, now=now)
        await link.run(_PROLONG, ids=some, expires_at=expires_at)
        await refile(
            link, [id_ for id_ in some if id_ not in locked or locked[id_].stage != "claimed"], now, free=True
        )
        await ring(link)
    return changed


async def reschedule(link: Link, ids: Sequence[str], due_at: datetime) -> frozenset[str]:
    """See `Store.reschedule`."""
    await lock(link, ids)
    moved = frozenset(id_.hex for (id_,) in await link.run(_RESCHEDULE, ids=list(ids), due_at=due_at))
    await ring(link)
    return moved


async def move(link: Link, now: datetime, account: str, to: str, most: int) -> int:
    """See `Store.move`."""
    moved = await link.run(_MOVE, account=account, to=to, most=most, now=now)
    await ring(link)
    return len(moved)


async def hold(link: Link, now: datetime, ids: Sequence[str]) -> frozenset[str]:
    """See `Store.hold`."""
    await lock(link, ids)
    return frozenset(id_.hex for (id_,) in await link.run(_HOLD, ids=list(ids), now=now))


async def release(link: Link, now: datetime, ids: Sequence[str]) -> frozenset[str]:
    """See `Store.release`."""
    locked = await lock(link, ids)
    held = sorted(id_ for id_, message in locked.items() if message.stage == "held")
    if held:
        await reopen(link, held, ("unknown",), now)
        await refile(link, held, now, free=True)
        await link.run(_RELEASED, ids=held, now=now)
        await ring(link)
    return frozenset(held)


async def purge(link: Link, now: datetime, before: datetime, most: int) -> int:
    """See `Store.purge`."""
    ids = [id_ for (id_,) in await link.run(_OLD, before=before, most=most)]
    if ids:
        await delete_kept(link, [content for (content,) in await link.run(_PURGE, ids=ids)])
    await link.run(_FORGET_KEYS, now=now)
    return len(ids)


async def note(
    link: Link, now: datetime, message: str, results: Sequence[RecipientResult], kind: str
) -> bool:
    """See `Store.note`."""
    if not await link.run(_IS_THERE, message=message):
        return False
    locked = await lock(link, [message])
    await link.run(_NOTE, kind=kind, now=now, **columns([(message, result) for result in results]))
    if message in locked and locked[message].stage != "claimed":
        await refile(link, [message], now)
    return True
