"""From an `Email` to the plan of its bytes: the shape, the charsets, the transfer encodings.

Text alone is one part; text and HTML are alternatives; what the HTML shows is related to it; what is attached
stands beside all that. Each body gets the encoding that suits its content and the server (`encode`). Pieces
and boundaries are made in `parts`, header fields in `fields`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from envoi.errors import NotSupportedByServer
from envoi.message.address import Address, Group
from envoi.message.content import Requirements, WireEncoding
from envoi.message.encode import base64, choose, encode_text, normalised
from envoi.message.fields import header
from envoi.message.flowed import flowed
from envoi.message.headers import unstructured
from envoi.message.parameters import disposition_field, type_field
from envoi.message.parts import EncodedStream, Leaf, MessageStream, Multipart, Node, Plan, flatten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.message.attachment import Attachment
    from envoi.message.calendar import Invitation
    from envoi.message.content import Content
    from envoi.message.email import Email
    from envoi.message.encode import Transfer

    Encoded = tuple[Transfer, bytes]

__all__ = ["Composition", "Prepared", "compose"]

_PLAIN = type_field("text/plain", (("charset", "utf-8"),))
_PLAIN_ASCII = type_field("text/plain", (("charset", "us-ascii"),))
_HTML = type_field("text/html", (("charset", "utf-8"),))
_FLOWED = type_field("text/plain", (("charset", "utf-8"), ("format", "flowed")))
_TRANSFERS = {"7bit": "7bit", "8bitmime": "8bit", "binarymime": "binary"}


@dataclass(frozen=True, slots=True)
class Composition:
    """The bytes of an email for one kind of server, and what they need of it."""

    plan: Plan
    requirements: Requirements


class Prepared(Protocol):
    """Bodies of which parts are encoded already, since other messages share them (`templates`)."""

    def encoded(self, subtype: Literal["plain", "html"], offered: WireEncoding) -> Encoded | None:
        """The body as it travels; None when it has to be encoded like any other."""
        ...


def compose(email: Email, offered: WireEncoding, prepared: Prepared | None = None) -> Composition:
    """Plan the bytes of an email.

    Args:
        email: the mail.
        offered: what the server takes.
        prepared: the texts of the mail, encoded in part.

    Raises:
        NotSupportedByServer: an address of the header, or an attached message, cannot be carried.
    """
    fields = header(email)
    international = None if fields.isascii() else _international(email)
    if international is not None and not offered.smtputf8:
        raise NotSupportedByServer(
            f"the address {international} needs SMTPUTF8, which the server does not offer; "
            "use another address of this person, or another server"
        )
    composer = _Composer(offered, prepared)
    plan = flatten(fields, composer.root(email), email.stamp.token)
    return Composition(plan, composer.requirements(smtputf8=international is not None))


class _Composer:
    """Makes the parts, and remembers what they use of what is offered."""

    __slots__ = ("_offered", "_prepared", "binary", "eightbit", "smtputf8")

    def __init__(self, offered: WireEncoding, prepared: Prepared | None) -> None:
        self._offered = offered
        self._prepared = prepared
        self.eightbit = False
        self.binary = False
        self.smtputf8 = False

    def requirements(self, *, smtputf8: bool) -> Requirements:
        """What the parts made so far need, and a header in UTF-8 when there is one."""
        utf8 = smtputf8 or self.smtputf8
        eightbit = self.eightbit or (utf8 and self._offered.eightbit)
        body: Literal["7bit", "8bitmime", "binarymime"] = "8bitmime" if eightbit else "7bit"
        return Requirements(body="binarymime" if self.binary else body, smtputf8=utf8)

    def root(self, email: Email) -> Node:
        """The part that holds everything."""
        body = self._body(email)
        beside = [a for a in email.attachments if email.html is None or not a.inline]
        if not beside and email.calendar is None:
            return body or self._plain("", flow=False)
        parts = [*([body] if body else []), *map(self._attachment, beside)]
        if email.calendar is not None:
            parts.append(_calendar_file(email.calendar))
        return Multipart("mixed", tuple(parts))

    def _body(self, email: Email) -> Node | None:
        """What is read: the alternatives, the best one last (RFC 2046 §5.1.4)."""
        parts: list[Node] = []
        if email.text or (email.text is not None and email.html is None):
            parts.append(self._plain(email.text, flow=email.flowed))
        if email.html is not None:
            parts.append(self._html(email.html, [a for a in email.attachments if a.inline]))
        if email.calendar is not None:
            parts.append(self._calendar(email.calendar))
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else Multipart("alternative", tuple(parts))

    def _plain(self, text: str, *, flow: bool) -> Leaf:
        if flow:
            return self._text(_FLOWED, normalised(flowed(text)))
        return self._prepared_or_text(_PLAIN_ASCII if text.isascii() else _PLAIN, "plain", text)

    def _html(self, html: str, inline: list[Attachment]) -> Node:
        leaf = self._prepared_or_text(_HTML, "html", html)
        if not inline:
            return leaf
        return Multipart("related", (leaf, *map(self._attachment, inline)), (("type", "text/html"),))

    def _calendar(self, calendar: Invitation) -> Leaf:
        fields = type_field("text/calendar", (("charset", "utf-8"), ("method", calendar.method)))
        return self._text(fields, normalised(calendar.text))

    def _prepared_or_text(self, type_: str, subtype: Literal["plain", "html"], text: str) -> Leaf:
        found = None if self._prepared is None else self._prepared.encoded(subtype, self._offered)
        return self._text(type_, normalised(text)) if found is None else self._leaf(type_, *found)

    def _text(self, type_: str, data: bytes) -> Leaf:
        transfer = choose(data, self._offered)
        return self._leaf(type_, transfer, encode_text(data, transfer))

    def _leaf(self, type_: str, transfer: Transfer, body: bytes) -> Leaf:
        if transfer == "8bit":
            self.eightbit = True
        fields = f"{type_}Content-Transfer-Encoding: {transfer}\r\n"
        return Leaf(fields, body, verbatim=transfer in ("7bit", "8bit"))

    def _attachment(self, attachment: Attachment) -> Leaf:
        message = attachment.message
        return self._file(attachment) if message is None else self._message(attachment, message)

    def _file(self, attachment: Attachment) -> Leaf:
        binary = self._offered.binary
        self.binary |= binary
        charset = (("charset", attachment.charset),) if attachment.charset else ()
        fields = [
            type_field(attachment.content_type, charset, attachment.filename),
            f"Content-Transfer-Encoding: {'binary' if binary else 'base64'}\r\n",
            *_description(attachment),
        ]
        return Leaf("".join(fields), EncodedStream(attachment.source, binary))

    def _message(self, attachment: Attachment, message: Content) -> Leaf:
        needs = message.requirements(self._offered)
        self.eightbit |= needs.body == "8bitmime"
        self.binary |= needs.body == "binarymime"
        self.smtputf8 |= needs.smtputf8
        transfer = _TRANSFERS[needs.body]
        # A header in UTF-8 makes it another type (RFC 6532 §3.7).
        kind = "message/global" if needs.smtputf8 else "message/rfc822"
        fields = [
            type_field(kind, (), attachment.filename),
            f"Content-Transfer-Encoding: {transfer}\r\n",
            *_description(attachment),
        ]
        return Leaf("".join(fields), MessageStream(message, needs.encoding))


def _description(attachment: Attachment) -> Iterator[str]:
    yield disposition_field("inline" if attachment.inline else "attachment", attachment.filename)
    if attachment.content_id is not None:
        yield f"Content-ID: <{attachment.content_id}>\r\n"
    if attachment.description is not None:
        yield unstructured("Content-Description", attachment.description)


def _calendar_file(calendar: Invitation) -> Leaf:
    """The copy as a file, for programs that do not look into alternatives."""
    fields = (
        type_field("application/ics", (), calendar.filename)
        + "Content-Transfer-Encoding: base64\r\n"
        + disposition_field("attachment", calendar.filename)
    )
    return Leaf(fields, base64(normalised(calendar.text)))


def _international(email: Email) -> Address | None:
    """An address of the header that cannot be written in ASCII."""
    for value in (*email.from_, email.sender, *email.reply_to, *email.to, *email.cc, email.read_receipt):
        for address in value.members if isinstance(value, Group) else (value,):
            if address is not None and address.is_international:
                return address
    return None
