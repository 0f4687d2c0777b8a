"""The recipients of one message: read together, changed one by one, and what follows for the message.

`Standing` is what `settling`, `steering`, `reaping` and `noting` share: after a change of any recipient a
message that nobody has is waiting, held or done by the same rule, and its content goes when it is needed
no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envoi.outbox.model import Stage, State
from envoi.smtp.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi.drivers.sqlite_store.transaction import Transaction

__all__ = ["Recipient", "delete_content", "load", "log", "reply_of", "save", "stand"]


@dataclass(slots=True, kw_only=True)
class Recipient:
    """One row, as far as changes need it."""

    position: int
    address: str
    state: State
    due_at: int | None
    attempts: int
    dotted: int

    @property
    def open(self) -> bool:
        """Whether another attempt will be made."""
        return self.state.open


def load(tx: Transaction, message: bytes) -> list[Recipient]:
    """Return all recipients of a message."""
    rows = tx.rows(
        "SELECT position, address, state, due_at, attempts, dotted FROM envoi_recipient WHERE message = ?",
        message,
    )
    return [
        Recipient(
            position=position,
            address=address,
            state=State(state),
            due_at=due_at,
            attempts=attempts,
            dotted=dotted,
        )
        for position, address, state, due_at, attempts, dotted in rows
    ]


def save(
    tx: Transaction, message: bytes, recipient: Recipient, *, reply: Reply | None = None, text: str = ""
) -> None:
    """Write a recipient's new state, and the word that brought it there."""
    tx.run(
        "UPDATE envoi_recipient SET state = ?, due_at = ?, attempts = ?, code = ?, enhanced = ?, text = ?, "
        "settled_at = ? WHERE message = ? AND position = ?",
        recipient.state.value,
        recipient.due_at,
        recipient.attempts,
        None if reply is None else reply.code,
        None if reply is None else reply.enhanced,
        text if reply is None else reply.text,
        None if recipient.open else tx.now,
        message,
        recipient.position,
    )


def log(
    tx: Transaction,
    kind: str,
    message: bytes,
    recipient: str = "",
    *,
    reply: Reply | None = None,
    text: str = "",
) -> None:
    """Write down what happened."""
    tx.run(
        "INSERT INTO envoi_event (at, kind, message, recipient, code, enhanced, text) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        tx.now,
        kind,
        message,
        recipient,
        None if reply is None else reply.code,
        None if reply is None else reply.enhanced,
        text if reply is None else reply.text,
    )


def reply_of(code: int | None, enhanced: str | None, text: str) -> tuple[Reply | None, str]:
    """Return the reply of a row, or the text that stands there instead."""
    return (None, text) if code is None else (Reply(code=code, enhanced=enhanced, text=text), "")


def stand(tx: Transaction, message: bytes, recipients: Sequence[Recipient], *, held: bool = False) -> None:
    """Let a message that no worker has wait, be held, or be done, as its recipients are.

    With `held` a person holds it, so that what is open waits for that person.
    """
    due = [recipient.due_at or tx.now for recipient in recipients if recipient.open]
    if due:
        stage, due_at, done_at = Stage.HELD if held else Stage.WAITING, min(due), None
        tx.rings = True
    elif any(recipient.state is State.UNKNOWN for recipient in recipients):
        stage, due_at, done_at = Stage.HELD, None, None
    else:
        stage, due_at, done_at = Stage.DONE, None, tx.now
    needed = any(recipient.state not in (State.DELIVERED, State.CANCELLED) for recipient in recipients)
    if not needed:
        delete_content(tx, message)
    tx.run(
        "UPDATE envoi_message SET stage = ?, due_at = coalesce(?, due_at), "
        "done_at = CASE WHEN stage = 'done' THEN done_at ELSE ? END, "
        "owner = NULL, lease_until = NULL, cancel_requested = 0, late = 0, "
        "content = CASE WHEN ? THEN content END WHERE id = ?",
        stage.value,
        due_at,
        done_at,
        needed,
        message,
    )


def delete_content(tx: Transaction, message: bytes) -> None:
    """Delete a content, and its file with the commit unless another message has the same.

    The caller writes, or deletes, the message that names it.
    """
    row = tx.row(
        "DELETE FROM envoi_content WHERE number = (SELECT content FROM envoi_message WHERE id = ?) "
        "RETURNING file",
        message,
    )
    if row is None or row[0] is None:
        return
    if tx.row("SELECT 1 FROM envoi_content WHERE file = ?", row[0]) is None:
        tx.unneeded.append(row[0])
