"""Contents: pieces of at most 1 MiB, so that one of any size passes through in little memory.

A content that comes with its message has the message's id and goes with it; one that was kept before has a
name of its own, and goes when none of the messages that name it needs it.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from envoi.drivers.identity import uuid7
from envoi.errors import OutboxError
from envoi.outbox.model import Blob, Content

if TYPE_CHECKING:
    from collections.abc import AsyncIterable
    from datetime import datetime
    from uuid import UUID

    from envoi.drivers.postgres_store.link import Database, Link

__all__ = ["AT_ONCE", "PIECE", "delete_kept", "fetch", "keep"]

#: Octets of a row.
PIECE = 1 << 20
#: Contents up to this size come with their claim.
AT_ONCE = 64 * 1024
# Below this size a content stays in memory until its message is written.
_SMALL = 256 * 1024

_BEGIN = "INSERT INTO envoi_kept (id, kept_at) VALUES (%(id)b::uuid, %(now)b::timestamptz)"
_ADD = """
INSERT INTO envoi_contents (id, part, octets) VALUES (%(id)b::uuid, %(part)b::integer, %(octets)b::bytea)
"""
_FIND = "SELECT content, size FROM envoi_messages WHERE id = %(id)b::uuid"
_PIECE = "SELECT octets FROM envoi_contents WHERE id = %(id)b::uuid AND part = %(part)b::integer"
# What messages name goes when none of them has a recipient left who may still get it.
_DELETE_KEPT = """
WITH finished AS (
    SELECT k.id FROM unnest(%(ids)b::uuid[]) AS k (id)
    WHERE NOT EXISTS (
        SELECT FROM envoi_messages m JOIN envoi_recipients r ON r.message = m.id
        WHERE m.content = k.id AND m.content <> m.id AND r.state NOT IN ('delivered', 'cancelled')
    )
)
DELETE FROM envoi_contents c USING finished f WHERE c.id = f.id
"""


async def keep(database: Database, octets: AsyncIterable[bytes], now: datetime) -> Blob | bytes:
    """See `Store.keep`."""
    name, size, part = "", 0, 0
    buffer = bytearray()
    async for piece in octets:
        buffer += piece
        size += len(piece)
        if not name and size > _SMALL:
            name = uuid7()
            await database.run(_BEGIN, id=name, now=now)
        while name and len(buffer) >= PIECE:
            await database.run(_ADD, id=name, part=part, octets=bytes(buffer[:PIECE]))
            del buffer[:PIECE]
            part += 1
    if not name:
        return bytes(buffer)
    if buffer:
        await database.run(_ADD, id=name, part=part, octets=bytes(buffer))
    return Blob(name=name, size=size)


async def fetch(database: Database, message: str) -> Content:
    """See `Store.read`: the octets when they are one piece, else a file of the caller's own."""
    found = await database.run(_FIND, id=message)
    if not found:
        raise OutboxError(f"there is no content: the outbox knows no message {message}")
    ((content, size),) = found
    if size <= PIECE:
        return Content(octets=await _piece(database, message, content, 0) if size else b"")
    file = await database.work(partial(tempfile.NamedTemporaryFile, prefix="envoi-", delete=False))
    try:
        for part in range((size + PIECE - 1) // PIECE):
            octets = await _piece(database, message, content, part)
            await database.work(partial(file.write, octets))
        await database.work(file.close)
    except BaseException:
        await database.work(partial(_discard, file.name))
        raise
    return Content(path=Path(file.name), temporary=True)


def _discard(path: str) -> None:
    Path(path).unlink(missing_ok=True)


async def delete_kept(link: Link, contents: list[UUID]) -> None:
    """Delete contents that several messages may share, unless one of them still needs it."""
    if contents:
        await link.run(_DELETE_KEPT, ids=contents)


async def _piece(database: Database, message: str, content: UUID, part: int) -> bytes:
    found = await database.run(_PIECE, id=content, part=part)
    if not found:
        raise OutboxError(f"message {message} has no content any more: everybody has got it")
    return bytes(found[0][0])
