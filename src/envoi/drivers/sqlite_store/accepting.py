"""Accepting messages: `put`, the one operation whose speed a caller feels.

A key that was used before gives back the first ticket, or is a conflict. Whether mail should be accepted at
all is decided before (`envoi.outbox.submitting`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.drivers.sqlite_store.instants import micros, octets_of
from envoi.errors import IdempotencyConflict, UsageError
from envoi.outbox.model import Accepted, Blob, Stage, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi.drivers.sqlite_store.transaction import Transaction
    from envoi.outbox.model import NewMessage

__all__ = ["put"]


def put(tx: Transaction, messages: Sequence[NewMessage]) -> tuple[Accepted, ...]:
    """Write the messages.

    Raises:
        IdempotencyConflict: a key is in use for another content.
        UsageError: an id is in use.
    """
    tx.rings = True
    return tuple(_put(tx, message) for message in messages)


def _put(tx: Transaction, message: NewMessage) -> Accepted:
    if message.key:
        first = tx.row(
            "SELECT message, message_id, fingerprint FROM envoi_key WHERE key = ? AND account = ?",
            message.key,
            message.account,
        )
        if first is not None:
            return _again(message, *first)
    identity = octets_of(message.id)
    if message.key:
        tx.run(
            "INSERT INTO envoi_key (key, account, message, message_id, fingerprint) VALUES (?, ?, ?, ?, ?)",
            message.key,
            message.account,
            identity,
            message.message_id,
            message.fingerprint,
        )
    _write_message(tx, identity, message)
    _write_recipients(tx, identity, message)
    return Accepted(id=message.id, message_id=message.message_id)


def _again(message: NewMessage, first: bytes, message_id: str, fingerprint: bytes) -> Accepted:
    if fingerprint != message.fingerprint:
        raise IdempotencyConflict(
            f"the key {message.key!r} was used for another message, {first.hex()}: give each message a key "
            "of its own, and the same content to every try of it"
        )
    return Accepted(id=first.hex(), message_id=message_id, duplicate=True)


def _write_message(tx: Transaction, identity: bytes, message: NewMessage) -> None:
    stage = Stage.WAITING if len(message.refused) < len(message.recipients) else Stage.DONE
    content = message.content
    octets, file = (None, content.name) if isinstance(content, Blob) else (content, None)
    number = tx.run("INSERT INTO envoi_content (octets, file) VALUES (?, ?)", octets, file).lastrowid
    written = tx.run(
        "INSERT INTO envoi_message (id, account, stage, priority, due_at, created_at, expires_at, done_at, "
        "sender, message_id, subject, key, size, options, content) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        identity,
        message.account,
        stage.value,
        message.priority,
        micros(message.due_at),
        micros(message.created_at),
        micros(message.expires_at),
        tx.now if stage is Stage.DONE else None,
        message.sender,
        message.message_id,
        message.subject,
        message.key,
        content.size if isinstance(content, Blob) else len(content),
        message.options,
        number,
    ).rowcount
    if not written:
        raise UsageError(f"the id {message.id} is in use")
    tx.run(
        "INSERT INTO envoi_event (at, kind, message, recipient, text) VALUES (?, 'submitted', ?, '', '')",
        tx.now,
        identity,
    )


def _write_recipients(tx: Transaction, identity: bytes, message: NewMessage) -> None:
    due_at = micros(message.due_at)
    refused = message.refused
    tx.run_many(
        "INSERT INTO envoi_recipient (message, position, address, state, due_at, text, settled_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (identity, position, address, State.FAILED.value, None, refused[address], tx.now)
            if address in refused
            else (identity, position, address, State.PENDING.value, due_at, "", None)
            for position, address in enumerate(message.recipients)
        ),
    )
    if refused:
        tx.run_many(
            "INSERT INTO envoi_event (at, kind, message, recipient, text) VALUES (?, 'failed', ?, ?, ?)",
            ((tx.now, identity, address, why) for address, why in refused.items()),
        )
