"""What is done now and then beside the work, and what `check` looks at.

Nothing here is needed for mail to leave: figures only grow slower to add up, and contents that no message
named take up room.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from envoi.drivers.postgres_store.figures import fold
from envoi.drivers.postgres_store.schema import require_known
from envoi.errors import SchemaMismatch

if TYPE_CHECKING:
    from datetime import datetime

    from envoi.drivers.postgres_store.link import Database, Link

__all__ = ["OLD_SNAPSHOT", "problems", "tidy"]

_KEPT_FOR = timedelta(hours=1)

_DROP_KEPT = """
WITH old AS (DELETE FROM envoi_kept WHERE kept_at < %(before)b::timestamptz RETURNING id)
DELETE FROM envoi_contents c USING old WHERE c.id = old.id
"""
_SETTINGS = """
SELECT name, setting FROM pg_settings WHERE setting = 'off'
    AND name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'autovacuum')
"""
# A constant with a name of its own, for nobody waits a quarter of an hour in a test.
OLD_SNAPSHOT = """
SELECT pid, coalesce(application_name, ''), extract(epoch FROM clock_timestamp() - xact_start)::integer / 60
FROM pg_stat_activity
WHERE backend_xmin IS NOT NULL AND xact_start < clock_timestamp() - interval '15 minutes'
    AND backend_type = 'client backend'
ORDER BY xact_start LIMIT 1
"""
_BEHIND = "SELECT EXISTS (SELECT FROM envoi_events WHERE position >> 20 > envoi_xid())"
_WORDS = {
    "fsync": "writes are not forced to the disk (fsync is off): a power cut loses accepted mail",
    "full_page_writes": "a power cut can tear pages (full_page_writes is off). Set it to on",
    "synchronous_commit": "what is committed is not on disk yet (synchronous_commit is off)",
    "autovacuum": "dead rows stay (autovacuum is off), and the queue becomes slow. Set it to on",
}


async def tidy(link: Link, now: datetime) -> None:
    """Fold the figures, and delete contents that no message ever named."""
    await link.run(_DROP_KEPT, before=now - _KEPT_FOR)
    await fold(link)


async def problems(database: Database) -> tuple[str, ...]:
    """See `Store.check`."""
    try:
        await require_known(database)
    except SchemaMismatch as error:
        return (str(error),)
    found = [_WORDS[name] for name, _ in await database.run(_SETTINGS)]
    for pid, program, minutes in await database.run(OLD_SNAPSHOT):
        found.append(
            f"a transaction of {program or 'a program'} (process {pid}) is {minutes} minutes old: dead rows "
            f"stay until it ends. End the program, or SELECT pg_terminate_backend({pid})"
        )
    if await database.run(_BEHIND) == [(True,)]:
        found.append(
            "the database was restored from a dump, and new events would be passed over: "
            "run `envoi outbox migrate`"
        )
    return tuple(found)
