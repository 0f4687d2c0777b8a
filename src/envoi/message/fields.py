"""The header fields of a message: which ones, and in which order (RFC 5322 §3.6).

From the values of an `Email` to the lines above its body; every value was checked when the `Email` was made.
How a field is folded and encoded is in `headers`; the fields that describe the body come with the parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

from envoi.errors import InvalidHeader
from envoi.message.headers import addresses, check_name, check_text, tokens, unstructured
from envoi.message.stamp import date_field

if TYPE_CHECKING:
    from envoi.message.email import Email

__all__ = ["check_custom", "header", "priority_of"]

_OWN = {
    "auto-submitted": "auto_submitted",
    "bcc": "bcc",
    "cc": "cc",
    "content-language": "language",
    "date": "date",
    "disposition-notification-to": "read_receipt",
    "from": "from_",
    "importance": "priority",
    "in-reply-to": "in_reply_to",
    "list-unsubscribe": "unsubscribe",
    "list-unsubscribe-post": "unsubscribe",
    "message-id": "message_id",
    "priority": "priority",
    "references": "references",
    "reply-to": "reply_to",
    "sender": "sender",
    "sensitivity": "sensitivity",
    "subject": "subject",
    "to": "to",
    "x-priority": "priority",
}
_NEVER = frozenset({"mime-version", "received", "resent-bcc", "return-path"})
_PRIORITIES = {
    # Outlook reads Importance, older programs X-Priority; Priority is of RFC 2156.
    "high": "X-Priority: 1\r\nPriority: urgent\r\nImportance: high\r\n",
    "normal": "X-Priority: 3\r\nPriority: normal\r\nImportance: normal\r\n",
    "low": "X-Priority: 5\r\nPriority: non-urgent\r\nImportance: low\r\n",
}
_PRIORITY_OF = {"1": "high", "2": "high", "3": "normal", "4": "low", "5": "low"}


def check_custom(fields: Mapping[str, str] | Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The fields of the caller's own, checked.

    Raises:
        InvalidHeader: no field name, a forbidden character, or a field that has an argument of its own.
    """
    checked = tuple(
        cast("Iterable[tuple[str, str]]", fields.items() if isinstance(fields, Mapping) else fields)
    )
    for name, value in checked:
        check_name(name)
        check_text(value, f"header field {name}")
        lowered = name.lower()
        if lowered in _OWN:
            raise InvalidHeader(
                f"the header field {name} is written by envoi; use the argument {_OWN[lowered]}"
            )
        if lowered in _NEVER or lowered.startswith("content-"):
            raise InvalidHeader(f"the header field {name} is reserved for the composer or for servers")
    return checked


def priority_of(value: str) -> str | None:
    """What an X-Priority field says, in our words."""
    return _PRIORITY_OF.get(value.strip()[:1])


def header(email: Email) -> str:
    """All fields of the message, each with its line end; those of the body excepted."""
    lines = [addresses("From", email.from_)]
    if email.from_ != (email.sender,):
        lines.append(addresses("Sender", (email.sender,)))
    for name, values in (("Reply-To", email.reply_to), ("To", email.to), ("Cc", email.cc)):
        if values:
            lines.append(addresses(name, values))
    lines += (
        unstructured("Subject", email.subject),
        f"Date: {date_field(email.date)}\r\n",
        f"Message-ID: {email.message_id}\r\n",
    )
    if email.in_reply_to:
        lines.append(tokens("In-Reply-To", email.in_reply_to))
    if email.references:
        lines.append(tokens("References", email.references))
    lines += _wishes(email)
    lines += [unstructured(name, value) for name, value in email.headers]
    lines.append("MIME-Version: 1.0\r\n")
    return "".join(lines)


def _wishes(email: Email) -> Iterable[str]:
    """Fields that ask something of programs and readers."""
    if email.priority is not None:
        yield _PRIORITIES[email.priority]
    if email.sensitivity is not None:
        yield f"Sensitivity: {email.sensitivity}\r\n"
    if email.read_receipt is not None:
        yield addresses("Disposition-Notification-To", (email.read_receipt,))
    if email.auto_submitted is not None:
        yield f"Auto-Submitted: {email.auto_submitted}\r\n"
    if email.language is not None:
        yield f"Content-Language: {email.language}\r\n"
    if email.unsubscribe is not None:
        yield from email.unsubscribe.fields()
