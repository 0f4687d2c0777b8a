"""The queue in figures, without counting it: totals, and the lines not folded into them yet.

How the lines come about is in `migrations/0001_queue.sql`: every change of the queue adds its own, so that no
two transactions wait for the same figure.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from envoi.outbox.model import Stage, State, Stats

if TYPE_CHECKING:
    from datetime import datetime

    from envoi.drivers.postgres_store.link import Database, Link, Row

__all__ = ["fold", "raised", "stats"]

_SLOT = timedelta(seconds=10)
_ANY_NUMBER = 0x656E766F6A

_STATS = """
SELECT account, what, sum(n)::bigint,
    (sum(n) FILTER (WHERE slot <= %(now)b::timestamptz - interval '10 seconds'))::bigint,
    min(slot) FILTER (WHERE n > 0),
    bool_or(slot > %(now)b::timestamptz - interval '10 seconds' AND slot <= %(now)b::timestamptz AND n > 0)
FROM (
    SELECT account, what, slot, sum(n) AS n
    FROM (
        SELECT account, what, slot, n FROM envoi_totals
        UNION ALL
        SELECT t.account, t.what, t.slot, t.n FROM envoi_tally t, envoi_fold f WHERE t.xid >= f.folded_to
    ) lines
    GROUP BY account, what, slot HAVING sum(n) <> 0
) slots
GROUP BY account, what
"""
_WAITING = """
FROM unnest(%(accounts)b::text[]) AS a (name)
CROSS JOIN generate_series(0, 9) AS p
CROSS JOIN LATERAL (
    SELECT q.due_at FROM envoi_queue q
    WHERE q.stage = 'waiting' AND q.account = a.name AND q.priority = p
        AND q.due_at >= %(since)b::timestamptz AND q.due_at <= %(now)b::timestamptz
    ORDER BY q.due_at, q.id {limit}
) AS m
"""
_COUNT = f"SELECT count(*) {_WAITING.format(limit='')}"
_OLDEST = f"SELECT min(m.due_at) {_WAITING.format(limit='LIMIT 1')}"
_FOLD = f"""
WITH turn AS MATERIALIZED (
    SELECT f.folded_to, envoi_horizon() AS horizon FROM envoi_fold f
    WHERE pg_try_advisory_xact_lock({_ANY_NUMBER}) AND f.folded_to < envoi_horizon()
), folded AS (
    DELETE FROM envoi_tally t USING turn WHERE t.xid >= turn.folded_to AND t.xid < turn.horizon RETURNING t.*
), added AS (
    INSERT INTO envoi_totals (account, what, slot, n)
    SELECT account, what, slot, sum(n) FROM folded GROUP BY account, what, slot HAVING sum(n) <> 0
    ON CONFLICT (account, what, slot) DO UPDATE SET n = envoi_totals.n + excluded.n
)
UPDATE envoi_fold f
SET folded_to = turn.horizon,
    raised = greatest(f.raised, (SELECT max(xid) FROM folded WHERE what = 'waiting' AND n > 0))
FROM turn
"""
_DROP_EMPTY = "DELETE FROM envoi_totals WHERE n = 0"
_RAISED = """
SELECT greatest(f.raised, (
    SELECT max(t.xid) FROM envoi_tally t WHERE t.xid >= f.folded_to AND t.what = 'waiting' AND t.n > 0
)) FROM envoi_fold f
"""


async def stats(database: Database, now: datetime) -> Stats:
    """See `Store.stats`."""
    rows = await database.run(_STATS, now=now)
    waiting = {row[0]: row for row in rows if row[1] == Stage.WAITING.value}
    stages = dict.fromkeys(Stage, 0)
    settled: dict[State, int] = {}
    states = {state.value: state for state in State}
    for _, what, n, *_rest in rows:
        if what in states:
            settled[states[what]] = n
        else:
            stages[Stage(what)] += n
    due = sum(row[3] or 0 for row in waiting.values())
    current = [name for name, row in waiting.items() if row[5]]
    if current:
        since = now - timedelta(seconds=now.timestamp() % _SLOT.total_seconds())
        ((count,),) = await database.run(_COUNT, accounts=current, since=since, now=now)
        due += count
    return Stats(
        stages=stages,
        accounts={name: row[2] for name, row in waiting.items()},
        due=due,
        oldest_due_at=await _oldest(database, waiting, now) if due else None,
        settled=settled,
    )


async def _oldest(database: Database, waiting: dict[str, Row], now: datetime) -> datetime | None:
    """When the oldest became due: it is in the first slot that has any."""
    first = min(row[4] for row in waiting.values())
    names = [name for name, row in waiting.items() if row[4] == first]
    ((oldest,),) = await database.run(_OLDEST, accounts=names, since=first, now=now)
    return None if oldest is None else oldest.astimezone(UTC)


async def fold(link: Link) -> None:
    """Fold what every transaction knows of into the totals; not while another does."""
    await link.run(_FOLD)
    await link.run(_DROP_EMPTY)


async def raised(link: Link | Database) -> int:
    """The last transaction that made a message wait."""
    ((xid,),) = await link.run(_RAISED)
    return int(xid)
