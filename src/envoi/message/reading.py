"""Reading a mail into an `Email`: the standard library parses, this module finds what belongs where.

Made for what `compose` writes and for mails that people forward or keep as templates. What an `Email` cannot
say (unknown multiparts, trace fields, signatures) is left out: to keep a message as it is, use `raw`.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

from envoi.errors import InvalidAddress, InvalidHeader, UsageError
from envoi.message.address import Address, Group
from envoi.message.attachment import Attachment
from envoi.message.calendar import Invitation
from envoi.message.checks import language_of
from envoi.message.email import Email
from envoi.message.encode import normalised
from envoi.message.fields import check_custom, priority_of
from envoi.message.flowed import unflowed
from envoi.message.salvage import file_name, octets, salvaged
from envoi.message.unsubscribe import Unsubscribe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from email.message import EmailMessage

__all__ = ["read"]

_Found = TypeVar("_Found")
_Value = TypeVar("_Value")
_IDENTIFIERS = re.compile(r"<[!-;=?-~]{1,248}>")
_WORDS = re.compile(r"=\?[^?\s]+\?[bqBQ]\?[^?]*\?=(?:[ \t]+=\?[^?\s]+\?[bqBQ]\?[^?]*\?=)*")
_LONGEST_DATE = 100
_URIS = re.compile(r"<([^<>]+)>")
_AS_IT_IS = policy.SMTP.clone(refold_source="none", max_line_length=None)


def read(data: bytes) -> Email:
    """The mail as an `Email`.

    Raises:
        UsageError: there is no sender in it; subclasses name a value that cannot be kept.
    """
    message = BytesParser(policy=policy.default).parsebytes(data)
    authors = _addresses(message, "From")
    senders = _addresses(message, "Sender") or authors
    if not authors or not isinstance(senders[0], Address):
        raise UsageError("this is no mail: it has no From field with an address")
    body = _Body()
    body.visit(message)
    return Email(
        sender=senders[0],
        from_=authors,
        to=_addresses(message, "To"),
        cc=_addresses(message, "Cc"),
        bcc=_addresses(message, "Bcc"),
        reply_to=_addresses(message, "Reply-To"),
        subject=_text(message, "Subject"),
        text=body.text if body.text is not None or body.html is None else "",
        html=body.html,
        attachments=body.attachments,
        calendar=body.calendar,
        flowed=body.flowed,
        headers=_custom(message),
        date=_date(message),
        message_id=next(iter(_identifiers(message, "Message-ID")), None),
        in_reply_to=_identifiers(message, "In-Reply-To"),
        references=_identifiers(message, "References"),
        **_wishes(message),
    )


@dataclass(slots=True)
class _Body:
    """What the parts were found to be."""

    text: str | None = None
    html: str | None = None
    calendar: Invitation | None = None
    flowed: bool = False
    attachments: list[Attachment] = field(default_factory=list[Attachment])

    def visit(self, part: EmailMessage) -> None:
        """Sort a part, and the parts in it, into their places."""
        kind = part.get_content_type()
        if part.get_content_maintype() == "multipart":
            if not part.is_multipart():  # it has no boundary, or none that occurs
                self._read(part, "text/plain")
            for inner in part.iter_parts():
                self.visit(inner)  # type: ignore[arg-type]
        elif kind in ("message/rfc822", "message/global"):
            self.attachments.append(_message(part))
        elif part.get_content_disposition() is None and part.get_filename() is None:
            self._read(part, kind)
        else:
            self._attach(part, kind)

    def _read(self, part: EmailMessage, kind: str) -> None:
        if kind == "text/plain" and self.text is None:
            self.text = _content(part)
            self.flowed = part.get_param("format") == "flowed"
            if self.flowed:
                self.text = unflowed(self.text)
        elif kind == "text/html" and self.html is None:
            self.html = _content(part)
        elif kind == "text/calendar" and self.calendar is None and part.get_param("method"):
            method: Any = str(part.get_param("method")).upper()
            self.calendar = Invitation(text=_content(part), method=method)
        else:
            self._attach(part, kind)

    def _attach(self, part: EmailMessage, kind: str) -> None:
        found = salvaged(part, kind, [one.content_id for one in self.attachments if one.content_id])
        calendar = self.calendar
        if (
            kind == "application/ics"
            and calendar
            and octets(part).rstrip() == normalised(calendar.text).rstrip()
        ):
            name = found.filename or calendar.filename
            self.calendar = Invitation(text=calendar.text, method=calendar.method, filename=name)
            return
        self.attachments.append(found)


def _message(part: EmailMessage) -> Attachment:
    inner: Any = part.get_payload(0)
    return Attachment.from_email(inner.as_bytes(policy=_AS_IT_IS), filename=file_name(part))


def _content(part: EmailMessage) -> str:
    try:
        text = octets(part).decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:  # a charset nobody knows
        text = octets(part).decode("utf-8", "replace")
    return text.replace("\r\n", "\n")


def _text(message: EmailMessage, name: str) -> str:
    """The first field of this name; not by the standard library, which needs minutes for a megabyte."""
    return next((_WORDS.sub(_decoded, text) for text in _fields(message, name)), "")


def _addresses(message: EmailMessage, name: str) -> list[Address | Group]:
    found: list[Address | Group] = []
    for text in _fields(message, name):
        value: Any = policy.default.header_factory(name, _WORDS.sub(_joined, text))
        for group in value.groups:
            members = tuple(filter(None, map(_address, group.addresses)))
            name_of_group = group.display_name
            found += (
                members if name_of_group is None else (Group(name=_clean(name_of_group), members=members),)
            )
    return found


def _address(found: Any) -> Address | None:
    """The address, unless nobody could send to it."""
    try:
        return Address(local=found.username, domain=found.domain, name=_clean(found.display_name))
    except InvalidAddress:
        return None


def _fields(message: EmailMessage, name: str) -> list[str]:
    """The values of the fields of this name, unfolded, raw UTF-8 decoded (RFC 6532)."""
    return [_unfolded(raw) for key, raw in message.raw_items() if key.lower() == name.lower()]


def _unfolded(raw: object) -> str:
    return re.sub("\r?\n", "", _clean(str(raw))).strip(" \t")


def _clean(text: str) -> str:
    """The text with undecoded octets decoded, as the parser leaves them: as halves of surrogate pairs."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _decoded(row: re.Match[str]) -> str:
    """What encoded words in a row say; the words themselves when nobody can read them."""
    try:
        return str(make_header(decode_header(row[0])))
    except (LookupError, ValueError, HeaderParseError):
        return row[0]


def _joined(row: re.Match[str]) -> str:
    """Encoded words in a row as one: some versions of the parser put a space between them."""
    text = _decoded(row)
    if text == row[0]:
        return text
    return f"=?utf-8?b?{b2a_base64(text.encode('utf-8', 'replace'), newline=False).decode('ascii')}?="


def _identifiers(message: EmailMessage, name: str) -> list[str]:
    return _IDENTIFIERS.findall(_text(message, name))


def _date(message: EmailMessage) -> datetime | None:
    try:
        found = parsedate_to_datetime(_text(message, "Date")[:_LONGEST_DATE])
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # "-0000": UTC, from nowhere in particular
    return found.replace(tzinfo=UTC) if found.utcoffset() is None else found


def _custom(message: EmailMessage) -> list[tuple[str, str]]:
    """Fields without a place of their own; what `Email` would refuse is not repeated."""
    kept: list[tuple[str, str]] = []
    for name, raw in message.raw_items():
        try:
            kept += check_custom([(name, _WORDS.sub(_decoded, _unfolded(raw)))])
        except InvalidHeader:
            continue
    return kept


def _wishes(message: EmailMessage) -> dict[str, Any]:
    found: dict[str, Any] = {
        "priority": priority_of(_text(message, "X-Priority")),
        "sensitivity": _known(_text(message, "Sensitivity"), ("personal", "private", "company-confidential")),
        "auto_submitted": _known(
            _text(message, "Auto-Submitted"), ("auto-generated", "auto-replied", "auto-notified")
        ),
        "language": _readable(language_of, _text(message, "Content-Language")),
        "read_receipt": _readable(Address.parse, _text(message, "Disposition-Notification-To")),
        "unsubscribe": _readable(_unsubscribe, message),
    }
    return found


def _readable(read: Callable[[_Found], _Value | None], found: _Found) -> _Value | None:
    """What was found, unless it is nothing that an `Email` could say."""
    try:
        return read(found) if found else None
    except (InvalidAddress, InvalidHeader):
        return None


def _known(value: str, choices: Iterable[str]) -> str | None:
    said = value.partition(";")[0].strip().lower()
    return said if said in choices else None


def _unsubscribe(message: EmailMessage) -> Unsubscribe | None:
    uris = _URIS.findall(_text(message, "List-Unsubscribe"))
    url = next((uri for uri in uris if uri.startswith("https://")), None)
    mailto = next((uri for uri in uris if uri.startswith("mailto:")), None)
    if url is None and mailto is None:
        return None
    return Unsubscribe(url=url, mailto=mailto, one_click="List-Unsubscribe-Post" in message)
