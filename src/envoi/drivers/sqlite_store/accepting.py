"""Accepting messages: `put`, the one operation whose speed a caller feels.

A key that was used before gives back the first ticket, or is a conflict. What becomes of suppressed
recipients is decided by `envoi.outbox.refusing`. What follows from a message is written later, by `ledger`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.drivers.sqlite_store.instants import micros, octets_of
from envoi.drivers.sqlite_store.ledger import NEXT_POSITION, POST_AFTER, post
from envoi.drivers.sqlite_store.recipients import log
from envoi.drivers.sqlite_store.suppressing import suppressed
from envoi.errors import IdempotencyConflict, UsageError
from envoi.outbox.model import Accepted, Blob, Stage, State
from envoi.outbox.refusing import refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi.drivers.sqlite_store.transaction import Transaction
    from envoi.outbox.model import NewMessage

__all__ = ["put"]

#: Recipients that stand in their message's row until something happens to them; it is written at each change.
FEW = 20

_WAITING, _DONE = Stage.WAITING.value, Stage.DONE.value


def put(tx: Transaction, messages: Sequence[NewMessage]) -> tuple[Accepted, ...]:
    """Write the messages.

    Raises:
        AddressSuppressed: a message has nobody to go to.
        IdempotencyConflict: a key is in use for another content.
        UsageError: an id is in use.
    """
    tx.rings = True
    return tuple([_put(tx, message) for message in _heeded(tx, messages)])


def _heeded(tx: Transaction, messages: Sequence[NewMessage]) -> Sequence[NewMessage]:
    if tx.row("SELECT 1 FROM envoi_suppressed LIMIT 1") is None:
        return messages
    return [refuse(message, suppressed(tx, message.recipients)) for message in messages]


def _put(tx: Transaction, message: NewMessage) -> Accepted:
    identity = octets_of(message.id)
    if message.key:
        first = tx.row(
            "SELECT message, message_id, fingerprint FROM envoi_key WHERE key = ? AND account = ?",
            message.key,
            message.account,
        )
        if first is not None:
            return _again(message, *first)
        tx.run(
            "INSERT INTO envoi_key (key, account, message, message_id, fingerprint) VALUES (?, ?, ?, ?, ?)",
            message.key,
            message.account,
            identity,
            message.message_id,
            message.fingerprint,
        )
    together = not message.refused and len(message.recipients) <= FEW
    _write_arrival(tx, identity, message.content)
    position = tx.position
    _write_message(tx, identity, message, "\n".join(message.recipients) if together else "")
    if not together:
        _write_recipients(tx, identity, message)
    if position % POST_AFTER == 0 or message.refused:
        post(tx)
    return Accepted(id=message.id, message_id=message.message_id)


def _again(message: NewMessage, first: bytes, message_id: str, fingerprint: bytes) -> Accepted:
    if fingerprint != message.fingerprint:
        raise IdempotencyConflict(
            f"the key {message.key!r} was used for another message, {first.hex()}: give each message a key "
            "of its own, and the same content to every try of it"
        )
    return Accepted(id=first.hex(), message_id=message_id, duplicate=True)


def _write_arrival(tx: Transaction, identity: bytes, content: bytes | Blob) -> None:
    octets, file = (None, content.name) if isinstance(content, Blob) else (content, None)
    tx.append(
        "INSERT INTO envoi_arrival (position, at, message, file, octets) "  # noqa: S608 - our own words
        f"VALUES ({NEXT_POSITION}, ?, ?, ?, ?)",
        tx.now,
        identity,
        file,
        octets,
    )


def _write_message(tx: Transaction, identity: bytes, message: NewMessage, recipients: str) -> None:
    done = bool(message.refused) and len(message.refused) == len(message.recipients)
    content, due_at = message.content, micros(message.due_at)
    written = tx.run(
        "INSERT INTO envoi_message (id, account, stage, priority, due_at, created_at, expires_at, done_at, "
        "sender, message_id, subject, key, size, options, content, recipients) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        identity,
        message.account,
        _DONE if done else _WAITING,
        message.priority,
        due_at,
        due_at if message.created_at is message.due_at else micros(message.created_at),
        micros(message.expires_at),
        tx.now if done else None,
        message.sender,
        message.message_id,
        message.subject,
        message.key,
        content.size if isinstance(content, Blob) else len(content),
        message.options,
        tx.position,
        recipients,
    ).rowcount
    if not written:
        raise UsageError(f"the id {message.id} is in use")


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
    for address, why in refused.items():
        log(tx, State.FAILED.value, identity, address, text=why)
