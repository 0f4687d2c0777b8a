"""What a worker does with its claims besides settling them, and what is done with those of a dead one.

Claims come about in `claiming` and end in `settling`. A lease is over by the clock of the database; who
extends it before anybody took the message back still holds it.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from envoi.drivers.postgres_store.accounts import extend_connections
from envoi.drivers.postgres_store.doorbell import ring
from envoi.drivers.postgres_store.recipients import cancel_open, make_unknown, refile
from envoi.outbox.account_rules import AccountRules, OnUnknown
from envoi.outbox.model import Extended

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from envoi.drivers.postgres_store.link import Database, Link
    from envoi.outbox.model import Claim

__all__ = ["extend", "give_back", "mark_dots", "reap", "still_held"]

#: How many claims of the dead are taken back at once.
_MOST = 500
_FOUND_DEAD = "the worker disappeared after it had begun to hand the message over"

_EXTEND = """
UPDATE envoi_queue SET lease_until = greatest(lease_until, %(until)b::timestamptz)
WHERE stage = 'claimed' AND owner = %(owner)b
RETURNING id, cancel
"""
_DELIVERED = """
SELECT r.message, r.address FROM envoi_queue q JOIN envoi_recipients r ON r.message = q.id
WHERE q.id = ANY(%(ids)b::uuid[]) AND r.state = 'delivered' AND r.settled_at >= q.claimed_at
"""
_GIVEN = "unnest(%(ids)b::uuid[], %(attempts)b::integer[]) AS g (id, attempt)"
_MARK = f"""
UPDATE envoi_queue q SET dot = d.dot
FROM {_GIVEN} JOIN unnest(%(ids)b::uuid[], %(dots)b::text[]) AS d (id, dot) USING (id)
WHERE q.id = g.id AND q.attempt = g.attempt AND q.stage = 'claimed'
RETURNING q.id
"""
_STILL_HELD = f"""
SELECT q.id FROM envoi_queue q JOIN {_GIVEN} ON q.id = g.id AND q.attempt = g.attempt
WHERE q.stage = 'claimed'
"""
_GIVE_BACK = f"""
UPDATE envoi_queue q
SET stage = 'waiting', uncounted = uncounted + 1, owner = NULL, claimed_at = NULL, lease_until = NULL,
    dot = NULL
FROM {_GIVEN}
WHERE q.id = g.id AND q.attempt = g.attempt AND q.stage = 'claimed'
RETURNING q.id, q.cancel
"""
_EXPIRED = f"""
SELECT q.id, q.dot IS NOT NULL, a.name, a.rules
FROM envoi_queue q JOIN envoi_accounts a ON a.name = q.account
WHERE q.stage = 'claimed' AND q.lease_until <= %(now)b::timestamptz
ORDER BY q.lease_until LIMIT {_MOST}
FOR UPDATE OF q SKIP LOCKED
"""
_TAKE_BACK = """
UPDATE envoi_queue q
SET stage = 'waiting', due_at = %(now)b::timestamptz, owner = NULL, claimed_at = NULL, lease_until = NULL,
    dot = NULL
WHERE id = ANY(%(ids)b::uuid[])
RETURNING id, cancel
"""


async def extend(link: Link, now: datetime, owner: str, lease: float) -> Extended:
    """See `Store.extend`."""
    until = now + timedelta(seconds=lease)
    rows = await link.run(_EXTEND, owner=owner, until=until)
    await extend_connections(link, owner, until)
    mine = [id_.hex for id_, _ in rows]
    delivered: dict[str, set[str]] = {}
    for id_, address in await link.run(_DELIVERED, ids=mine) if mine else []:
        delivered.setdefault(id_.hex, set()).add(address)
    return Extended(
        mine=frozenset(mine),
        cancelled=frozenset(id_.hex for id_, cancel in rows if cancel),
        delivered={id_: frozenset(addresses) for id_, addresses in delivered.items()},
    )


def _fences(claims: Sequence[Claim]) -> dict[str, list[str] | list[int]]:
    return {"ids": [claim.id for claim in claims], "attempts": [claim.attempt for claim in claims]}


async def still_held(database: Database, claims: Sequence[Claim]) -> frozenset[str]:
    """Which of the claims are in force."""
    return frozenset(id_.hex for (id_,) in await database.run(_STILL_HELD, **_fences(claims)))


async def mark_dots(database: Database, claims: Sequence[Claim]) -> frozenset[str]:
    """See `Store.mark_dots`."""
    dots = [json.dumps(list(claim.recipients)) for claim in claims]
    return frozenset(id_.hex for (id_,) in await database.run(_MARK, dots=dots, **_fences(claims)))


async def give_back(link: Link, now: datetime, claims: Sequence[Claim]) -> None:
    """See `Store.give_back`; what was to be cancelled is."""
    rows = await link.run(_GIVE_BACK, **_fences(claims))
    await _cancel(link, [id_.hex for id_, cancel in rows if cancel], now)
    await ring(link)


async def reap(link: Link, now: datetime) -> int:
    """See `Store.reap`."""
    rows = await link.run(_EXPIRED, now=now)
    hold = {
        name for _, _, name, rules in rows if AccountRules.from_json(name, rules).on_unknown is OnUnknown.HOLD
    }
    unknown = [id_.hex for id_, dotted, name, _ in rows if dotted and name in hold]
    others = [id_.hex for id_, dotted, name, _ in rows if not (dotted and name in hold)]
    await make_unknown(link, unknown, now, _FOUND_DEAD)
    await refile(link, unknown, now)
    if others:
        taken = await link.run(_TAKE_BACK, ids=others, now=now)
        await _cancel(link, [id_.hex for id_, cancel in taken if cancel], now)
        await ring(link)
    return len(rows)


async def _cancel(link: Link, ids: list[str], now: datetime) -> None:
    await cancel_open(link, ids, now)
    await refile(link, ids, now)
