"""A mail of the outbox as people and programs read it.

Makes pages and JSON objects out of `MessageStatus`; which mails, and what was done to them, is the actions'
business.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from envoi.cli.failures import reply_report
from envoi.cli.outbox.instants import ago, coming, shown
from envoi.cli.page import Mark, Page, Row, Section
from envoi.cli.wording import for_command_line
from envoi.outbox.model import Stage, State
from envoi.smtp.explain import explain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from envoi.outbox.model import Event, MessageStatus, RecipientStatus

__all__ = ["counted", "event_line", "event_report", "list_row", "mark_of", "status_page", "status_report"]

_MARKS = {
    State.DELIVERED: Mark.GOOD,
    State.FAILED: Mark.BAD,
    State.UNKNOWN: Mark.UNKNOWN,
    State.DEFERRED: Mark.WARNING,
    State.CANCELLED: Mark.NOTE,
    State.PENDING: Mark.NOTE,
}
_WORST = (State.FAILED, State.UNKNOWN, State.DEFERRED, State.PENDING, State.CANCELLED, State.DELIVERED)


def counted(mails: int) -> str:
    """So many mails, in words."""
    return f"{mails:,} {'mail' if mails == 1 else 'mails'}"


def mark_of(status: MessageStatus) -> Mark:
    """The mark of the recipient who needs attention most."""
    states = {recipient.state for recipient in status.recipients}
    return next((_MARKS[state] for state in _WORST if state in states), Mark.NONE)


def list_row(status: MessageStatus) -> Row:
    """One mail in one line."""
    first, *others = [recipient.address for recipient in status.recipients] or [""]
    people = f"{first} and {len(others)} more" if others else first
    states = Counter(recipient.state for recipient in status.recipients)
    fates = ", ".join(f"{count} {state.value}" if others else state.value for state, count in states.items())
    when = f", {coming(status.due_at)}" if status.stage is Stage.WAITING else ""
    held = ", held" if status.stage is Stage.HELD else ""
    return Row(
        mark=mark_of(status), label=status.id, text=f"{people}: {fates}{held}{when}  “{status.subject}”"
    )


def status_page(status: MessageStatus) -> Page:
    """Everything about one mail."""
    return Page(
        title=f"{status.id}: {_summary(status)}",
        mark=mark_of(status),
        sections=(
            Section(heading="Recipients", rows=tuple(_recipient(one) for one in status.recipients)),
            Section(heading="Mail", rows=tuple(_facts(status))),
        ),
    )


def _summary(status: MessageStatus) -> str:
    if status.stage is Stage.WAITING:
        return f"waiting, {coming(status.due_at)}"
    return {
        Stage.CLAIMED: "a worker has it",
        Stage.HELD: "held, until `envoi outbox release`",
        Stage.DONE: "done",
    }[status.stage]


def _recipient(one: RecipientStatus) -> Row:
    said = str(one.reply or one.text or "")
    tries = f"{one.attempts} {'try' if one.attempts == 1 else 'tries'}"
    parts = [one.state.value, *([tries] if one.attempts else []), *([said] if said else [])]
    if one.next_attempt_at is not None and one.state.open:
        parts.append(coming(one.next_attempt_at))
    return Row(mark=_MARKS[one.state], label=one.address, text=", ".join(parts), hint=_advice(one))


def _advice(one: RecipientStatus) -> str:
    if one.state is State.UNKNOWN:
        return "The server may have it: ask the recipient, then `envoi outbox release`, or `cancel`."
    if one.reply is None or one.reply.positive:
        return ""
    return for_command_line(explain(one.reply.code, one.reply.enhanced, one.reply.text))


def _facts(status: MessageStatus) -> Iterator[Row]:
    for label, text in (
        ("Subject", status.subject),
        ("From", status.sender or "<>"),
        ("Account", status.account),
        ("Message-ID", status.message_id),
        ("Key", status.key),
        ("Size", f"{status.size:,} octets"),
        ("Submitted", _when(status.created_at)),
        ("Given up", _when(status.expires_at) if status.stage is not Stage.DONE else ""),
        ("Worker", f"{status.owner}, until {shown(status.lease_until)}" if status.lease_until else ""),
        ("Cancel", "asked for" if status.cancel_requested else ""),
    ):
        if text:
            yield Row(label=label, text=text)


def _when(instant: datetime) -> str:
    return f"{shown(instant)}, {ago(instant)}"


def status_report(status: MessageStatus) -> dict[str, Any]:
    """One mail for programs."""
    return {
        "id": status.id,
        "message_id": status.message_id,
        "account": status.account,
        "sender": status.sender,
        "subject": status.subject,
        "key": status.key or None,
        "size": status.size,
        "priority": status.priority,
        "stage": status.stage.value,
        "attempts": status.attempts,
        "cancel_requested": status.cancel_requested,
        "created_at": status.created_at.isoformat(),
        "due_at": status.due_at.isoformat(),
        "expires_at": status.expires_at.isoformat(),
        "recipients": [_recipient_report(recipient) for recipient in status.recipients],
    }


def _recipient_report(one: RecipientStatus) -> dict[str, Any]:
    return {
        "address": one.address,
        "state": one.state.value,
        "attempts": one.attempts,
        "reply": None if one.reply is None else reply_report(one.reply),
        "text": one.text,
        "next_attempt_at": None if one.next_attempt_at is None else one.next_attempt_at.isoformat(),
        "settled_at": None if one.settled_at is None else one.settled_at.isoformat(),
    }


def event_line(event: Event) -> str:
    """Something that happened, in one line."""
    who = f" {event.recipient}" if event.recipient else ""
    said = f": {event.reply or event.text}" if event.reply or event.text else ""
    text = f"{shown(event.at)} {event.id} {event.kind}{who}{said}"
    return "".join(char if char.isprintable() else "?" for char in text)


def event_report(event: Event) -> dict[str, Any]:
    """The same for programs."""
    return {
        "position": event.position,
        "at": event.at.isoformat(),
        "kind": event.kind,
        "id": event.id,
        "recipient": event.recipient or None,
        "reply": None if event.reply is None else reply_report(event.reply),
        "text": event.text,
    }
