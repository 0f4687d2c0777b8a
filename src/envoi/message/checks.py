"""The checks that the arguments of an `Email` pass, each giving the value that the `Email` keeps.

What is wrong is named with its argument and shown, before anything is composed or sent. Addresses are checked
in `mailboxes`, header fields of the caller's own in `fields`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar, get_args

from envoi.errors import InvalidAddress, InvalidHeader, UsageError
from envoi.message.address import Address, Group
from envoi.message.attachment import Attachment
from envoi.message.characters import refuse_surrogates, shown
from envoi.message.mailboxes import parse_list

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from envoi.message.stamp import Stamp

__all__ = [
    "Addresses",
    "attachments_of",
    "body_of",
    "identifier",
    "identifiers",
    "instant",
    "language_of",
    "mailboxes",
    "new_identifier",
    "one_of",
]

_Choice = TypeVar("_Choice")
_IDENTIFIER = re.compile(r"<[!-;=?-~]{1,248}>")
_TAG = r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,8}"
_LANGUAGES = re.compile(rf"{_TAG}(?:, ?{_TAG}){{0,3}}")

if TYPE_CHECKING:
    Addresses = str | Address | Group | Iterable[str | Address | Group]
else:
    Addresses = object


def mailboxes(value: Addresses, argument: str) -> tuple[Address, ...]:
    """Addresses where groups cannot be.

    Raises:
        InvalidAddress: a group, or no address.
    """
    found = parse_list(value) if value else ()
    kept = tuple(one for one in found if isinstance(one, Address))
    if len(kept) != len(found):
        raise InvalidAddress(f"{argument} takes addresses, not groups")
    return kept


def body_of(text: str | None, argument: str) -> str | None:
    """A body that can be encoded.

    Raises:
        UsageError: not text, or text with half a surrogate pair.
    """
    if text is not None:
        if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError(f"{argument} is text, not {type(text).__name__}")
        refuse_surrogates(text, argument, UsageError)
    return text


def attachments_of(attachments: Iterable[Attachment]) -> tuple[Attachment, ...]:
    """The attachments, no two with the same content identifier.

    Raises:
        UsageError: something else than an `Attachment`, or two that HTML could not tell apart.
    """
    found = tuple(attachments)
    seen: set[str] = set()
    for one in found:
        if not isinstance(one, Attachment):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UsageError(
                f"attachments are made by Attachment.from_path and its like, not {type(one).__name__}"
            )
        if one.content_id is not None:
            if one.content_id in seen:
                raise UsageError(f"two attachments have the content identifier {one.content_id}")
            seen.add(one.content_id)
    return found


def instant(date: datetime) -> datetime:
    """The date of a message, in whole seconds.

    Raises:
        UsageError: without a time zone.
    """
    if date.utcoffset() is None:
        raise UsageError("the date of a message needs a time zone: datetime(…, tzinfo=UTC)")
    return date.replace(microsecond=0)


def new_identifier(stamp: Stamp, sender: Address) -> str:
    """A Message-ID nobody else has (RFC 5322 §3.6.4)."""
    domain = sender.domain if sender.domain[0] != "[" else "localhost"
    return f"<{stamp.token}@{domain}>"


def identifier(text: str, argument: str) -> str:
    """One identifier, brackets added when they are missing.

    Raises:
        InvalidHeader: spaces, brackets inside, or characters beyond ASCII.
    """
    found = text if text.startswith("<") else f"<{text}>"
    if not _IDENTIFIER.fullmatch(found):
        raise InvalidHeader(
            f"{argument} {shown(text)} is not of the form <unique@example.org> (RFC 5322 §3.6.4)"
        )
    return found


def identifiers(value: str | Iterable[str], argument: str) -> tuple[str, ...]:
    """Several identifiers, in a text with spaces or one by one.

    Raises:
        InvalidHeader: one of them is none.
    """
    if not value:
        return ()
    found = filter(None, value.split(" ")) if isinstance(value, str) else value
    return tuple(identifier(one, argument) for one in found)


def language_of(tags: str | None) -> str | None:
    """Language tags (BCP 47, RFC 3282).

    Raises:
        InvalidHeader: something else.
    """
    if tags is not None and not _LANGUAGES.fullmatch(tags):
        raise InvalidHeader(f"language {shown(tags)} is no language tag (BCP 47), such as fr or de-CH")
    return tags


def one_of(value: _Choice, choices: object, argument: str) -> _Choice:
    """A value out of a `Literal`, or None.

    Raises:
        UsageError: another one.
    """
    if value is not None and value not in get_args(choices):
        raise UsageError(f"{argument} is one of {', '.join(get_args(choices))}, not {value!r}")
    return value
