"""The doorbell: NOTIFY, and only while somebody sleeps, for it makes commits wait for each other.

Who sleeps has a row that says until when. Behind a pooler there is no LISTEN; then, and whenever a ring is
missed, the next look does.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from envoi.drivers.identity import uuid7
from envoi.drivers.postgres_store.failures import is_lost
from envoi.drivers.postgres_store.figures import raised
from envoi.errors import StoreUnavailable

if TYPE_CHECKING:
    from envoi.drivers.postgres_store.link import Database, Link

__all__ = ["ring", "wait"]

#: Seconds between two looks, and until the first one: who put mail just before did not see us asleep.
_POLL, _FIRST = 5.0, 0.25

_RING = """
SELECT pg_notify('envoi', '') WHERE EXISTS (SELECT FROM envoi_sleepers WHERE until > clock_timestamp())
"""
_SLEEP = """
INSERT INTO envoi_sleepers (id, until)
VALUES (%(id)b::uuid, clock_timestamp() + %(seconds)b::double precision * interval '1 second')
"""
_WAKE = "DELETE FROM envoi_sleepers WHERE id = %(id)b::uuid OR until < clock_timestamp() - interval '1 hour'"


async def ring(link: Link | Database) -> None:
    """Wake who sleeps, when the transaction commits."""
    await link.run(_RING)


async def wait(database: Database, timeout: float, seen: int) -> bool:
    """See `Store.wait`; `seen` is the last change that an empty claim knew of."""
    ends_at = time.monotonic() + timeout
    me = uuid7()
    await database.run(_SLEEP, id=me, seconds=float(timeout))

    async def look() -> bool:
        return await raised(database) > seen

    try:
        pause = _FIRST
        while not await database.listen(min(max(0.0, ends_at - time.monotonic()), pause), look):
            if time.monotonic() >= ends_at:
                return False
            pause = _POLL
    except StoreUnavailable as error:
        if not is_lost(error):
            raise
        # The next call finds out whether the database is back.
        return True
    else:
        return True
    finally:
        await _awake(database, me)


async def _awake(database: Database, me: str) -> None:
    try:
        await database.run(_WAKE, id=me)
    except StoreUnavailable as error:
        if not is_lost(error):
            raise
