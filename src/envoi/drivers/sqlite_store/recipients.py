"""The recipients of one message: read together, changed one by one, and what follows for the message.

Few recipients stand in their message's row until something happens to one of them: then all get rows.

`Standing` is what `settling`, `steering`, `reaping` and `noting` share: after a change of any recipient a
message that nobody has is waiting, held or done by the same rule, and its content goes when it is needed
no more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envoi.drivers.sqlite_store.ledger import NEXT_POSITION
from envoi.outbox.model import Stage, State
from envoi.smtp.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envoi.drivers.sqlite_store.transaction import Transaction

__all__ = ["Recipient", "delete_content", "load", "log", "reply_of", "save", "stand", "write_down"]


@dataclass(slots=True, kw_only=True)
class Recipient:
    """One row, as far as changes need it; without rows, `unwritten` are all recipients of the message."""

    position: int
    address: str
    state: State
    due_at: int | None
    attempts: int
    dotted: int
    unwritten: list[Recipient] = field(default_factory=list["Recipient"], compare=False, repr=False)

    @property
    def open(self) -> bool:
        """Whether another attempt will be made."""
        return self.state.open


def load(tx: Transaction, message: bytes, few: tuple[str, int] | None = None) -> list[Recipient]:
    """Return all recipients of a message; `few` is what its row says of them and when it is due, if known."""
    rows = tx.rows(
        "SELECT position, address, state, due_at, attempts, dotted FROM envoi_recipient WHERE message = ?",
        message,
    )
    if not rows:
        few = few or tx.row("SELECT recipients, due_at FROM envoi_message WHERE id = ?", message)
        return [] if few is None else _unwritten(*few)
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


def _unwritten(recipients: str, due_at: int) -> list[Recipient]:
    together: list[Recipient] = []
    together += [
        Recipient(
            position=position,
            address=address,
            state=State.PENDING,
            due_at=due_at,
            attempts=0,
            dotted=0,
            unwritten=together,
        )
        for position, address in enumerate(recipients.split("\n"))
        if address
    ]
    return list(together)


def write_down(tx: Transaction, message: bytes, recipients: Iterable[Recipient]) -> None:
    """Give rows to those who have none."""
    unwritten = [one for one in recipients if one.unwritten]
    tx.run_many(
        "INSERT INTO envoi_recipient (message, position, address, state, due_at, attempts, dotted) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (message, one.position, one.address, one.state.value, one.due_at, one.attempts, one.dotted)
            for one in unwritten
        ],
    )
    for one in unwritten:
        one.unwritten.clear()


_SAVE = (
    "INSERT INTO envoi_recipient (message, position, address, state, due_at, attempts, dotted, code, "
    "enhanced, text, settled_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
    "state = excluded.state, due_at = excluded.due_at, attempts = excluded.attempts, "
    "settled_at = excluded.settled_at"
)
_SAY = f"{_SAVE}, code = excluded.code, enhanced = excluded.enhanced, text = excluded.text"
#: Between a reply and what explains it; a server's words have no control characters.
_BESIDE = "\x1d"


def save(
    tx: Transaction, message: bytes, recipient: Recipient, *, reply: Reply | None = None, text: str = ""
) -> None:
    """Write a recipient's new state, and the word that brought it there; without one, the last one stays."""
    if len(recipient.unwritten) > 1:
        write_down(tx, message, [one for one in recipient.unwritten if one is not recipient])
    tx.run(
        _SAVE if reply is None and not text else _SAY,
        message,
        recipient.position,
        recipient.address,
        recipient.state.value,
        recipient.due_at,
        recipient.attempts,
        recipient.dotted,
        *_words(reply, text),
        None if recipient.open else tx.now,
    )
    recipient.unwritten.clear()


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
    tx.append(
        "INSERT INTO envoi_event (position, at, kind, message, recipient, code, enhanced, text) "  # noqa: S608 - our own words
        f"VALUES ({NEXT_POSITION}, ?, ?, ?, ?, ?, ?, ?)",
        tx.now,
        kind,
        message,
        recipient,
        *_words(reply, text),
    )


def _words(reply: Reply | None, text: str) -> tuple[int | None, str | None, str]:
    """Code, enhanced code and text of a row."""
    if reply is None:
        return None, None, text
    return reply.code, reply.enhanced, f"{reply.text}{_BESIDE}{text}" if text else reply.text


def reply_of(code: int | None, enhanced: str | None, words: str) -> tuple[Reply | None, str]:
    """Return the reply of a row, and the explanation that stands beside it or instead."""
    if code is None:
        return None, words
    said, _, text = words.partition(_BESIDE)
    return Reply(code=code, enhanced=enhanced, text=said), text


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
        "DELETE FROM envoi_arrival WHERE position = (SELECT content FROM envoi_message WHERE id = ?) "
        "RETURNING position, at, file",
        message,
    )
    if row is None:
        return
    position, at, file = row
    if at is not None:
        tx.run(
            "INSERT INTO envoi_event (position, at, kind, message, recipient, text) "
            "VALUES (?, ?, 'submitted', ?, '', '')",
            position,
            at,
            message,
        )
    if file is not None and tx.row("SELECT 1 FROM envoi_arrival WHERE file = ?", file) is None:
        tx.unneeded += (file,)
