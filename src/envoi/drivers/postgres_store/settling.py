"""Settling: outcomes under their fence, in one commit, whatever their number.

What each recipient becomes, and its message with it, is written by `recipients`; here it is decided whose
word counts: the holder's in everything, a late one's when it says delivered.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from envoi.drivers.postgres_store.accepting import accept
from envoi.drivers.postgres_store.recipients import cancel_open, change, lock, refile
from envoi.errors import AddressSuppressed, IdempotencyConflict
from envoi.outbox.model import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from envoi.drivers.postgres_store.link import Link
    from envoi.drivers.postgres_store.recipients import Locked
    from envoi.outbox.model import Settlement

__all__ = ["settle"]

_DONE = "SELECT id, settled FROM envoi_done WHERE id = ANY(%(ids)b::uuid[])"
_MOVE = """
WITH accounts AS (
    INSERT INTO envoi_accounts (name) SELECT DISTINCT unnest(%(accounts)b::text[]) ON CONFLICT DO NOTHING
), given AS (
    SELECT * FROM unnest(%(ids)b::uuid[], %(accounts)b::text[]) AS g (id, account)
), moved AS (
    UPDATE envoi_messages m SET account = g.account FROM given g WHERE m.id = g.id
)
UPDATE envoi_queue q SET account = g.account FROM given g WHERE q.id = g.id
"""


async def settle(
    link: Link, now: datetime, settlements: Sequence[Settlement], *, again: bool
) -> tuple[bool, ...]:
    """See `Store.settle`; `again` if an earlier call for the same settlements may have been committed."""
    locked = await lock(link, {settlement.id for settlement in settlements})
    mine = {s.id for s in settlements if _holds(locked.get(s.id), s)}
    others = [s for s in settlements if s.id not in mine] if again else []
    before = await _settled_before(link, locked, others)
    results = [
        (s.id, result)
        for s in settlements
        if (s.id, s.attempt) not in before
        for result in s.results
        if s.id in mine or result.state is State.DELIVERED
    ]
    await change(link, results, now)
    await cancel_open(link, [id_ for id_ in mine if locked[id_].cancel], now)
    moved = [s for s in settlements if s.id in mine and s.account]
    if moved:
        await link.run(_MOVE, ids=[s.id for s in moved], accounts=[s.account for s in moved])
    # What another worker has claimed meanwhile stays with it: `extend` tells it who is served already.
    late = {s.id for s in settlements} - mine
    foreign = {id_ for id_ in late if id_ in locked and locked[id_].stage == "claimed"}
    touched = {id_ for id_, _ in results}
    await refile(link, sorted(mine | (late & touched) - foreign), now)
    for report in (s.report for s in settlements if s.id in mine and s.report is not None):
        # One by one: who is suppressed is told nothing, and nobody is told twice.
        with suppress(AddressSuppressed, IdempotencyConflict):
            await accept(link, [report], ring=True, again=False)
    return tuple(s.id in mine or (s.id, s.attempt) in before for s in settlements)


def _holds(message: Locked | None, settlement: Settlement) -> bool:
    return message is not None and message.stage == "claimed" and message.attempt == settlement.attempt


async def _settled_before(
    link: Link, locked: Mapping[str, Locked], others: Sequence[Settlement]
) -> frozenset[tuple[str, int]]:
    """Which attempts were the last to be settled: the commit came through, the answer did not."""
    if not others:
        return frozenset()
    known = {(id_, message.settled) for id_, message in locked.items()}
    missing = [s.id for s in others if s.id not in locked]
    if missing:
        known |= {(id_.hex, settled) for id_, settled in await link.run(_DONE, ids=missing)}
    return frozenset(known & {(s.id, s.attempt) for s in others})
