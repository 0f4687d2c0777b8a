"""`Email`: what a program wants to say, checked when it is made, the same bytes each time it is sent.

A value, nothing more: `compose` turns it into bytes, `reading` makes one of bytes, `html` helps with its
HTML, `attachment` has what is attached. Who receives it is in its `envelope()`; `Bcc` is only there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from envoi.errors import UsageError
from envoi.message.address import Address, Group
from envoi.message.attachment import Attachment
from envoi.message.characters import shown
from envoi.message.checks import (
    Addresses,
    attachments_of,
    body_of,
    identifier,
    identifiers,
    instant,
    language_of,
    mailboxes,
    new_identifier,
    one_of,
)
from envoi.message.compose import Composition, Prepared, compose
from envoi.message.content import Requirements, WireEncoding
from envoi.message.envelope import PLAIN, Envelope, Notify, Recipient
from envoi.message.fields import check_custom
from envoi.message.headers import check_text
from envoi.message.mailboxes import parse_list
from envoi.message.stamp import Stamp
from envoi.message.unsubscribe import Unsubscribe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
    from datetime import datetime
    from os import PathLike

    from envoi.message.calendar import Invitation
    from envoi.message.envelope import DeliveryOptions
    from envoi.message.problems import Problem

__all__ = ["Attachment", "AutoSubmitted", "Email", "Priority", "Sensitivity"]

Priority = Literal["high", "normal", "low"]
Sensitivity = Literal["personal", "private", "company-confidential"]
AutoSubmitted = Literal["auto-generated", "auto-replied", "auto-notified"]

_ANYWHERE = WireEncoding(smtputf8=True)
"""For files: bodies that every server takes, and addresses as they are."""


@dataclass(frozen=True, slots=True, kw_only=True, init=False, repr=False)
class Email:
    """One mail.

    Attributes:
        sender: who sends it; the envelope sender, and From unless `from_` says otherwise.
        from_: the authors; with other or several ones, the message has a Sender field as well.
        reply_to, to, cc: addresses and groups.
        bcc: addresses that are only in the envelope.
        subject: one line.
        text: the plain text; made from the HTML when that alone is given and envoi[html] is installed.
        html: the same with layout; an empty `text` beside it means that there is none.
        attachments: files, inline images and messages.
        headers: further header fields, name and value.
        date: an aware instant.
        message_id: with angle brackets.
        in_reply_to, references: identifiers of earlier messages, with angle brackets.
        priority, sensitivity: a wish about the way it is shown.
        read_receipt: who wants to know that it was read (RFC 8098).
        delivery_receipt: whether the envelope asks for a report of success, delay and failure (RFC 3461).
        language: BCP 47 tags, such as ``fr`` or ``fr-CH, en`` (RFC 3282).
        unsubscribe: the way out of a mailing (RFC 8058).
        calendar: an invitation, its change or its answer.
        auto_submitted: no person pressed a key, so no absence note should answer (RFC 3834).
        flowed: whether the plain text is written as format=flowed (RFC 3676).
        stamp: the instant and the token that date, identifier and boundaries come from.

    One made with `dataclasses.replace` keeps date, identifier and token: it is the same message, changed.
    """

    sender: Address
    from_: tuple[Address, ...]
    reply_to: tuple[Address | Group, ...]
    to: tuple[Address | Group, ...]
    cc: tuple[Address | Group, ...]
    bcc: tuple[Address | Group, ...]
    subject: str
    text: str | None
    html: str | None
    attachments: tuple[Attachment, ...]
    headers: tuple[tuple[str, str], ...]
    date: datetime
    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    priority: Priority | None
    sensitivity: Sensitivity | None
    read_receipt: Address | None
    delivery_receipt: bool
    language: str | None
    unsubscribe: Unsubscribe | None
    calendar: Invitation | None
    auto_submitted: AutoSubmitted | None
    flowed: bool
    stamp: Stamp = field(compare=False)
    _composed: dict[WireEncoding, Composition] = field(init=False, compare=False)
    _prepared: Prepared | None = field(init=False, compare=False)

    def __init__(
        self,
        *,
        sender: str | Address,
        to: Addresses = (),
        subject: str = "",
        text: str | None = None,
        html: str | None = None,
        attachments: Iterable[Attachment] = (),
        cc: Addresses = (),
        bcc: Addresses = (),
        reply_to: Addresses = (),
        from_: Addresses = (),
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        date: datetime | None = None,
        message_id: str | None = None,
        in_reply_to: str | Iterable[str] = (),
        references: str | Iterable[str] = (),
        priority: Priority | None = None,
        sensitivity: Sensitivity | None = None,
        read_receipt: bool | str | Address | None = None,
        delivery_receipt: bool = False,
        language: str | None = None,
        unsubscribe: str | Unsubscribe | None = None,
        calendar: Invitation | None = None,
        auto_submitted: AutoSubmitted | None = None,
        flowed: bool = False,
        stamp: Stamp | None = None,
    ) -> None:
        """Check everything; an Email that exists can be sent.

        Raises:
            InvalidAddress: an address is not one, or could be read in two ways.
            InvalidHeader: a header value that could forge another, or a reserved field.
            UsageError: a value of the wrong kind.
        """
        made = stamp if stamp is not None else Stamp.fresh()
        who = Address.parse(sender)
        check_text(subject, "subject")
        values: dict[str, object] = {
            "sender": who,
            "from_": mailboxes(from_, "from_") or (who,),
            "reply_to": parse_list(reply_to),
            "to": parse_list(to),
            "cc": parse_list(cc),
            "bcc": parse_list(bcc),
            "subject": subject,
            "text": body_of(_plain(text, html), "text"),
            "html": body_of(html, "html"),
            "attachments": attachments_of(attachments),
            "headers": check_custom(headers),
            "date": instant(date or made.at),
            "message_id": identifier(message_id or new_identifier(made, who), "message_id"),
            "in_reply_to": identifiers(in_reply_to, "in_reply_to"),
            "references": identifiers(references, "references"),
            "priority": one_of(priority, Priority, "priority"),
            "sensitivity": one_of(sensitivity, Sensitivity, "sensitivity"),
            "read_receipt": _reader(read_receipt, who),
            "delivery_receipt": delivery_receipt,
            "language": language_of(language),
            "unsubscribe": None if unsubscribe is None else Unsubscribe.of(unsubscribe),
            "calendar": calendar,
            "auto_submitted": one_of(auto_submitted, AutoSubmitted, "auto_submitted"),
            "flowed": flowed,
            "stamp": made,
            "_composed": {},
            "_prepared": None,
        }
        for name, value in values.items():
            _WRITE[name](self, value)

    def __repr__(self) -> str:
        """The envelope and the identifier; no content."""
        people = ", ".join(map(str, self.to))
        return f"<Email {self.message_id} from {self.sender.spec} to {people}: {shown(self.subject)}>"

    def personalised(
        self,
        to: Address,
        *,
        subject: str,
        text: str | None,
        html: str | None,
        prepared: Prepared,
        unsubscribe: Unsubscribe | None = None,
    ) -> Email:
        """A mail of its own to somebody else, with other words; what is not named here is kept.

        Args:
            to: the only address in To.
            subject: one line.
            text: the plain text; made from the HTML as in the class.
            html: the same with layout.
            unsubscribe: this recipient's way out; that of this mail without.
            prepared: the same text and HTML, encoded in part; whoever made it knows that all of it can be.

        Raises:
            InvalidHeader: the subject has a line end or another control character.
        """
        check_text(subject, "subject")
        made = Stamp.fresh()
        changed: dict[str, object] = {
            "to": (to,),
            "subject": subject,
            "text": _plain(text, html),
            "html": html,
            "unsubscribe": unsubscribe or self.unsubscribe,
            "date": instant(made.at),
            "message_id": new_identifier(made, self.sender),
            "stamp": made,
            "_composed": {},
            "_prepared": prepared,
        }
        mail = object.__new__(Email)
        # Not through the constructor: it would check every other field again, for each of many recipients.
        for write, read in _KEPT:
            write(mail, read(self))
        for name, value in changed.items():
            _WRITE[name](mail, value)
        return mail

    def envelope(self, options: DeliveryOptions | None = None, *, sender: str | None = None) -> Envelope:
        """Who sends to whom: To, Cc and Bcc, each address once.

        Args:
            options: what the server is asked to do.
            sender: another envelope sender, where reports go; empty for none.

        Raises:
            InvalidAddress: there is no recipient.
        """
        options = options or PLAIN
        if self.delivery_receipt and options.notify is None:
            options = replace(options, notify=frozenset({Notify.SUCCESS, Notify.DELAY, Notify.FAILURE}))
        recipients = tuple(
            Recipient(address.spec)
            for value in (*self.to, *self.cc, *self.bcc)
            for address in (value.members if isinstance(value, Group) else (value,))
        )
        return Envelope(
            sender=self.sender.spec if sender is None else sender, recipients=recipients, options=options
        )

    @property
    def is_async(self) -> bool:
        """Whether an attachment can only be read by an asynchronous session."""
        return any(attachment.is_async for attachment in self.attachments)

    @property
    def only_once(self) -> str | None:
        """The name of an attachment that can be read only once, or None: then the mail cannot be signed."""
        return next((name for attachment in self.attachments if (name := attachment.only_once)), None)

    def requirements(self, offered: WireEncoding) -> Requirements:
        """What the mail will use of what the server offers.

        Attachments that are encoded once for many mails are encoded now: what goes wrong does so before
        anything is sent.

        Raises:
            NotSupportedByServer: an address needs SMTPUTF8, or an attached message something else.
            UsageError: a shared attachment cannot be read, or there is no room to keep it.
        """
        composition = self._composition(offered)
        composition.plan.prepare()
        return composition.requirements

    def size(self, used: WireEncoding = _ANYWHERE) -> int | None:
        """The exact number of octets on the wire, or None when an attachment does not know."""
        return self._composition(used).plan.size

    def chunks(self, used: WireEncoding = _ANYWHERE) -> Iterator[bytes]:
        """The mail in pieces, the same octets each time.

        Raises:
            UsageError: an attachment is asynchronous; or, while iterating, a file changed or broke off.
        """
        plan = self._composition(used).plan
        if plan.is_async:
            raise UsageError("an attachment is an asynchronous iterator; use achunks, or AsyncSMTPSession")
        return plan.chunks()

    def achunks(self, used: WireEncoding = _ANYWHERE) -> AsyncIterator[bytes]:
        """The same pieces, also from asynchronous attachments."""
        return self._composition(used).plan.achunks()

    def to_bytes(self) -> bytes:
        """The whole mail, as a file or another program takes it: 7-bit bodies, CRLF line ends."""
        return _gathered(self.chunks())

    def save(self, path: str | PathLike[str]) -> None:
        """Write the mail to a file (`.eml`), piece by piece; one that exists is replaced at the end.

        Raises:
            OSError: the file cannot be written.
            UsageError: an attachment cannot be read.
        """
        target = Path(path)
        partial = target.with_name(f"{target.name}.part")
        try:
            with partial.open("wb") as file:
                file.writelines(self.chunks())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def problems(self, *, now: datetime | None = None) -> tuple[Problem, ...]:
        """What will hurt the mail, the worst first, each with its remedy; attachments are not read.

        Args:
            now: the present, an aware instant; when the mail was made, unless it is given.

        Raises:
            NotSupportedByServer: an attached message cannot be carried without more than a file holds.
        """
        from envoi.message.problems.composed import examine_email

        return examine_email(self, self._composition(_ANYWHERE).plan, now)

    @classmethod
    def from_bytes(cls, data: bytes) -> Email:
        """Read a mail; what has no place in an `Email` is left out.

        Raises:
            UsageError: no mail, or one without a sender; the class names the field that is wrong.
        """
        from envoi.message.reading import read

        return read(data)

    @classmethod
    def from_path(cls, path: str | PathLike[str]) -> Email:
        """Read a `.eml` file.

        Raises:
            OSError: the file cannot be read.
            UsageError: as for `from_bytes`.
        """
        return cls.from_bytes(Path(path).read_bytes())

    def _composition(self, encoding: WireEncoding) -> Composition:
        found = self._composed.get(encoding)
        if found is None:
            found = compose(self, encoding, self._prepared)
            # One is kept: the session asks for needs, size and bytes one after the other.
            self._composed.clear()
            self._composed[encoding] = self._composed[found.requirements.encoding] = found
        return found


_JOINED_AT_MOST = 1 << 20
"""Octets up to which joining is faster than writing into a buffer; past it, holding the pieces costs more."""


def _gathered(pieces: Iterator[bytes]) -> bytes:
    joined: list[bytes] = []
    together = 0
    for piece in pieces:
        joined.append(piece)
        together += len(piece)
        if together > _JOINED_AT_MOST:
            break
    else:
        return b"".join(joined)
    written = BytesIO()
    written.writelines(joined)
    written.writelines(pieces)
    return written.getvalue()


_PERSONAL = frozenset(
    "to subject text html unsubscribe date message_id stamp _composed _prepared".split()  # noqa: SIM905
)
_WRITE = {name: vars(Email)[name].__set__ for name in Email.__slots__}
"""Past the guard of a frozen class, and faster than by name."""
_KEPT = tuple((_WRITE[name], vars(Email)[name].__get__) for name in Email.__slots__ if name not in _PERSONAL)


def _plain(text: str | None, html: str | None) -> str | None:
    if text is not None or html is None:
        return text
    from envoi.message.html import to_text

    return to_text(html)


def _reader(value: bool | str | Address | None, sender: Address) -> Address | None:
    if value is None or value is False:
        return None
    return sender if value is True else Address.parse(value)
