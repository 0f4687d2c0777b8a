"""The list of addresses that are not written to any more; capital letters do not matter.

It is kept under the address in small letters, and shown as it was written. What becomes of mail to those who
are on it is decided in `envoi.outbox.refusing`.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from envoi.outbox.model import Suppression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi.drivers.postgres_store.link import Database, Link, Row

__all__ = ["suppress", "suppressed", "suppressions", "unsuppress"]

_COLUMNS = "shown, reason, since, message"
_AMONG = f"""
SELECT {_COLUMNS} FROM envoi_suppressions
WHERE address IN (SELECT lower(a) FROM unnest(%(addresses)b::text[]) AS a) ORDER BY address
"""
_ADD = """
INSERT INTO envoi_suppressions (address, shown, reason, since, message)
SELECT DISTINCT ON (lower(shown)) lower(shown), shown, reason, since, message
FROM unnest(%(addresses)b::text[], %(reasons)b::text[], %(since)b::timestamptz[], %(messages)b::text[])
    WITH ORDINALITY AS s (shown, reason, since, message, number)
ORDER BY lower(shown), number DESC
ON CONFLICT (address) DO UPDATE
SET shown = excluded.shown, reason = excluded.reason, since = excluded.since, message = excluded.message
"""
_REMOVE = """
DELETE FROM envoi_suppressions WHERE address IN (SELECT lower(a) FROM unnest(%(addresses)b::text[]) AS a)
RETURNING address
"""
_LIST = f"""
SELECT {_COLUMNS} FROM envoi_suppressions
WHERE address > lower(%(after)b) ORDER BY address LIMIT %(most)b
"""


async def suppressed(database: Database | Link, addresses: Sequence[str]) -> tuple[Suppression, ...]:
    """See `Store.suppressed`."""
    return _read(await database.run(_AMONG, addresses=list(addresses)))


async def suppress(database: Database, entries: Sequence[Suppression]) -> None:
    """See `Store.suppress`."""
    await database.run(
        _ADD,
        addresses=[entry.address for entry in entries],
        reasons=[entry.reason for entry in entries],
        since=[entry.since for entry in entries],
        messages=[entry.id for entry in entries],
    )


async def unsuppress(database: Database, addresses: Sequence[str]) -> int:
    """See `Store.unsuppress`."""
    return len(await database.run(_REMOVE, addresses=list(addresses)))


async def suppressions(database: Database, after: str | None, most: int) -> tuple[Suppression, ...]:
    """See `Store.suppressions`."""
    return _read(await database.run(_LIST, after=after or "", most=most))


def _read(rows: list[Row]) -> tuple[Suppression, ...]:
    return tuple(
        Suppression(address=shown, reason=reason, since=since.astimezone(UTC), id=message)
        for shown, reason, since, message in rows
    )
