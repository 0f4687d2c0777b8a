"""Accepting: messages with all that belongs to them in one statement, and keys before them.

Whether a key is new is decided by its primary key: two that use it at once wait for each other there. What
was written once may be written again: whoever cannot know whether a commit came through asks for the ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi.drivers.postgres_store.contents import PIECE
from envoi.drivers.postgres_store.failures import IN_USE, says
from envoi.drivers.postgres_store.suppressions import suppressed
from envoi.errors import IdempotencyConflict, StoreUnavailable, UsageError
from envoi.outbox.model import Accepted, Blob
from envoi.outbox.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi.drivers.postgres_store.link import Link
    from envoi.outbox.model import NewMessage

__all__ = ["accept"]

_TAKE_KEYS = """
INSERT INTO envoi_keys (account, key, fingerprint, id, message_id)
SELECT * FROM unnest(%(accounts)b::text[], %(keys)b::text[], %(fingerprints)b::bytea[], %(ids)b::uuid[],
    %(message_ids)b::text[])
ON CONFLICT DO NOTHING
"""
_LOOK_UP_KEYS = """
SELECT k.account, k.key, k.fingerprint, k.id, k.message_id
FROM unnest(%(accounts)b::text[], %(keys)b::text[]) AS asked (account, key)
JOIN envoi_keys k USING (account, key)
"""
_KNOWN = "SELECT id FROM envoi_messages WHERE id = ANY(%(ids)b::uuid[])"
_NAME_KEPT = """
WITH named AS (DELETE FROM envoi_kept WHERE id = ANY(%(ids)b::uuid[]))
SELECT id FROM envoi_contents WHERE id = ANY(%(ids)b::uuid[]) AND part = 0
"""
_WRITE = """
WITH newcomers AS (
    INSERT INTO envoi_nudges (account)
    SELECT DISTINCT n.account FROM unnest(%(accounts)b::text[]) AS n (account)
    WHERE NOT EXISTS (SELECT FROM envoi_accounts a WHERE a.name = n.account)
), messages AS (
    INSERT INTO envoi_messages (id, account, sender, options, message_id, subject, key, size, content,
        priority, created_at, expires_at)
    SELECT * FROM unnest(%(ids)b::uuid[], %(accounts)b::text[], %(senders)b::text[], %(options)b::text[],
        %(message_ids)b::text[], %(subjects)b::text[], %(keys)b::text[], %(sizes)b::bigint[],
        %(contents)b::uuid[], %(priorities)b::smallint[], %(created)b::timestamptz[],
        %(expires)b::timestamptz[])
), queue AS (
    INSERT INTO envoi_queue (id, account, priority, due_at, stage)
    SELECT id, account, priority, due_at, 'waiting'
    FROM unnest(%(ids)b::uuid[], %(accounts)b::text[], %(priorities)b::smallint[], %(due)b::timestamptz[],
        %(open)b::boolean[]) AS m (id, account, priority, due_at, open)
    WHERE open
), done AS (
    INSERT INTO envoi_done (id, account, due_at, done_at, attempt, uncounted, settled)
    SELECT id, account, due_at, done_at, 0, 0, 0
    FROM unnest(%(ids)b::uuid[], %(accounts)b::text[], %(due)b::timestamptz[], %(created)b::timestamptz[],
        %(open)b::boolean[]) AS m (id, account, due_at, done_at, open)
    WHERE NOT open
), recipients AS (
    INSERT INTO envoi_recipients (message, address, position, state, note, due_at, settled_at)
    SELECT message, address, position, state, note, due_at, CASE WHEN state = 'failed' THEN settled_at END
    FROM unnest(%(r_ids)b::uuid[], %(r_addresses)b::text[], %(r_positions)b::integer[], %(r_states)b::text[],
        %(r_notes)b::text[], %(r_due)b::timestamptz[], %(r_created)b::timestamptz[])
        AS r (message, address, position, state, note, due_at, settled_at)
), pieces AS (
    INSERT INTO envoi_contents (id, part, octets)
    SELECT * FROM unnest(%(p_ids)b::uuid[], %(p_parts)b::integer[], %(p_octets)b::bytea[])
), first AS MATERIALIZED (
    SELECT envoi_positions(cardinality(%(ids)b::uuid[])) AS position
), events AS (
    INSERT INTO envoi_events (position, at, kind, message)
    SELECT first.position + e.number - 1, e.at, 'submitted', e.message
    FROM unnest(%(created)b::timestamptz[], %(ids)b::uuid[]) WITH ORDINALITY AS e (at, message, number)
    CROSS JOIN first
)
SELECT pg_notify('envoi', '')
WHERE %(ring)b::boolean AND EXISTS (SELECT FROM envoi_sleepers WHERE until > clock_timestamp())
"""
_REFUSE = """
INSERT INTO envoi_events (at, kind, message, recipient, note)
SELECT at, 'failed', message, recipient, note
FROM unnest(%(at)b::timestamptz[], %(messages)b::uuid[], %(recipients)b::text[], %(notes)b::text[])
    AS e (at, message, recipient, note)
"""


_FAILED, _PENDING = "failed", "pending"


async def accept(
    link: Link, messages: Sequence[NewMessage], *, ring: bool, again: bool
) -> tuple[Accepted, ...]:
    """Write the messages in the transaction of `link`; see `Store.put`.

    Args:
        link: in a transaction.
        messages: what to write.
        ring: whether to wake who sleeps, when the transaction commits.
        again: whether an earlier call for the same messages may have been committed.
    """
    if not again:
        entries = await suppressed(link, [to for message in messages for to in message.recipients])
        messages = [refuse(message, entries) for message in messages] if entries else messages
    tickets = await _first_uses(link, messages)
    fresh = [message for message in messages if tickets[message.id].id == message.id]
    if again:
        known = {id_.hex for (id_,) in await link.run(_KNOWN, ids=[message.id for message in fresh])}
        fresh = [message for message in fresh if message.id not in known]
    if fresh:
        try:
            await _write(link, fresh, ring=ring)
        except StoreUnavailable as error:
            if again or says(error.__cause__) != IN_USE:
                raise
            ids = ", ".join(message.id for message in fresh[:3])
            raise UsageError(
                f"one of the messages {ids} is in the outbox already: each needs an id of its own"
            ) from error
    return tuple(tickets[message.id] for message in messages)


async def _first_uses(link: Link, messages: Sequence[NewMessage]) -> dict[str, Accepted]:
    """Take the keys, and say for each message which one is the first under its key: mostly itself."""
    tickets = {message.id: Accepted(id=message.id, message_id=message.message_id) for message in messages}
    keyed = [message for message in messages if message.key]
    if not keyed:
        return tickets
    accounts, keys = [message.account for message in keyed], [message.key for message in keyed]
    await link.run(
        _TAKE_KEYS,
        accounts=accounts,
        keys=keys,
        fingerprints=[message.fingerprint for message in keyed],
        ids=[message.id for message in keyed],
        message_ids=[message.message_id for message in keyed],
    )
    first = {(row[0], row[1]): row[2:] for row in await link.run(_LOOK_UP_KEYS, accounts=accounts, keys=keys)}
    for message in keyed:
        fingerprint, id_, message_id = first[message.account, message.key]
        if fingerprint != message.fingerprint:
            raise IdempotencyConflict(
                f"the key {message.key!r} of the account {message.account!r} was used for another content, "
                f"message {id_.hex}: take a new key for new content"
            )
        if id_.hex != message.id:
            tickets[message.id] = Accepted(id=id_.hex, message_id=message_id, duplicate=True)
    return tickets


async def _write(link: Link, messages: Sequence[NewMessage], *, ring: bool) -> None:
    await _name_kept(link, [m.content.name for m in messages if isinstance(m.content, Blob)])
    await link.run(
        _WRITE,
        ids=[m.id for m in messages],
        accounts=[m.account for m in messages],
        senders=[m.sender for m in messages],
        options=[m.options for m in messages],
        message_ids=[m.message_id for m in messages],
        subjects=[m.subject for m in messages],
        keys=[m.key for m in messages],
        sizes=[m.content.size if isinstance(m.content, Blob) else len(m.content) for m in messages],
        contents=[m.content.name if isinstance(m.content, Blob) else m.id for m in messages],
        priorities=[m.priority for m in messages],
        created=[m.created_at for m in messages],
        due=[m.due_at for m in messages],
        expires=[m.expires_at for m in messages],
        open=[len(m.refused) < len(m.recipients) for m in messages],
        ring=ring,
        **_recipients(messages),
        **_pieces(messages),
    )
    refused = [(m.created_at, m.id, address, why) for m in messages for address, why in m.refused.items()]
    if refused:
        at, ids, addresses, notes = (list(column) for column in zip(*refused, strict=True))
        await link.run(_REFUSE, at=at, messages=ids, recipients=addresses, notes=notes)


async def _name_kept(link: Link, names: list[str]) -> None:
    """Make sure that contents kept before are still there, and let them stay."""
    if not names:
        return
    there = {id_.hex for (id_,) in await link.run(_NAME_KEPT, ids=names)}
    if gone := sorted(set(names) - there):
        raise UsageError(
            f"there is no content {gone[0]}: what no message names is deleted after an hour; keep it again"
        )


def _recipients(messages: Sequence[NewMessage]) -> dict[str, list[Any]]:
    """The columns of the recipients of all messages."""
    rows = [
        (
            m.id,
            address,
            position,
            _FAILED if address in m.refused else _PENDING,
            m.refused.get(address, ""),
            m.due_at,
            m.created_at,
        )
        for m in messages
        for position, address in enumerate(m.recipients)
    ]
    names = ("r_ids", "r_addresses", "r_positions", "r_states", "r_notes", "r_due", "r_created")
    return {name: [row[column] for row in rows] for column, name in enumerate(names)}


def _pieces(messages: Sequence[NewMessage]) -> dict[str, list[Any]]:
    """The columns of the contents that come with their messages, cut into pieces."""
    rows = [
        (m.id, part, m.content[start : start + PIECE])
        for m in messages
        if not isinstance(m.content, Blob)
        for part, start in enumerate(range(0, len(m.content), PIECE))
    ]
    return {
        name: [row[column] for row in rows] for column, name in enumerate(("p_ids", "p_parts", "p_octets"))
    }
