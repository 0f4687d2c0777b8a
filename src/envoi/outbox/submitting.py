"""Accepting mail: from a content and its envelope to a message that every attempt sends alike.

`Message-ID`, `Date` and all octets are fixed here, 7-bit wherever that can be, so that every server takes the
same ones. What is asked for is an `Order`; writing the result down, but for those who are suppressed
(`refusing`), is `Store.put`'s, and choosing store and account is `envoi.client.outbox`'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envoi.errors import UsageError
from envoi.message.content import WireEncoding
from envoi.message.reports.verp import verp_sender
from envoi.message.signing.signed import fewest_requirements
from envoi.message.stamp import date_field
from envoi.outbox.envelope_json import envelope_to_json
from envoi.outbox.fingerprint import Fingerprint
from envoi.outbox.instants import require_zone
from envoi.outbox.model import PRIORITIES, NewMessage
from envoi.outbox.policy import EXPIRY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from envoi.message.content import Content
    from envoi.message.envelope import Envelope
    from envoi.outbox.model import Blob
    from envoi.outbox.store import Store

__all__ = ["Bounces", "Order", "accept"]

#: Octets up to which a message is handed to the store in one piece.
SMALL = 64 * 1024
#: Characters of a subject that lists show.
SHOWN = 200
#: Of `send_at`: five days more must still be a date.
LAST_YEAR = 9998

_UNFIT = re.compile("[\0\ud800-\udfff]")
_ANYTHING = WireEncoding(eightbit=True, smtputf8=True)
_DATE = re.compile(rb"^date[ \t]*:", re.IGNORECASE | re.MULTILINE)
_SUBJECT = re.compile(rb"^subject[ \t]*:[ \t]*(.*(?:\r?\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
_FOLD = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for beside the mail.

    Attributes:
        account: under whose rules it is sent.
        key: the caller's idempotency key; empty for none.
        send_at: the aware instant before which it does not leave; None for at once.
        priority: 0, the most urgent, to 9.
        expires_at: the aware instant at which it is given up; None for five days after it may leave.

    Raises:
        UsageError: one of them makes no sense.
    """

    account: str
    key: str = ""
    send_at: datetime | None = None
    priority: int = 5
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if not self.account or not self.account.isprintable():
            raise UsageError(f"account={self.account!r} is not the name of an account")
        if _UNFIT.search(self.key):
            raise UsageError(f"key={self.key!r} has characters that no database keeps")
        if self.priority not in PRIORITIES:
            raise UsageError(f"priority is 0 (the most urgent) to 9, not {self.priority}")
        require_zone(send_at=self.send_at, expires_at=self.expires_at)
        if self.send_at and self.send_at.year > LAST_YEAR:
            raise UsageError(f"send_at is too far away: {self.send_at}")
        if self.send_at and self.expires_at and self.expires_at <= self.send_at:
            raise UsageError(
                f"the mail would expire ({self.expires_at}) before it may leave ({self.send_at})"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounces:
    """A mailbox of its own for what comes back: each mail's envelope sender names its ticket (VERP).

    Attributes:
        address: the mailbox, such as ``bounces@example.com``; at most 14 octets before the @.
        secret: at least 16 octets that nobody else knows; a token that they did not sign is not believed.
        separator: what its server takes for the beginning of a detail (RFC 5233).
    """

    address: str
    secret: bytes = field(repr=False)
    separator: str = "+"

    def sender(self, identity: str) -> str:
        """The envelope sender of a message.

        Raises:
            InvalidAddress: the mailbox is not an address.
            UsageError: it is too long, or the secret too short.
        """
        return verp_sender(self.address, identity, secret=self.secret, separator=self.separator)


async def accept(
    store: Store,
    content: Content,
    envelope: Envelope,
    order: Order,
    *,
    identity: str,
    now: datetime,
    bounces: Bounces | None = None,
) -> NewMessage:
    """Return the message to put into the store; a large content is on disk already.

    Args:
        store: which one.
        content: the mail.
        envelope: from whom to whom.
        order: the rest of what is asked for.
        identity: a new id for it.
        now: the instant, of the engine's clock.
        bounces: where what comes back goes, instead of to the sender.

    Raises:
        UsageError: the content cannot be read.
    """
    addresses = tuple(recipient.address for recipient in envelope.recipients)
    options = envelope_to_json(envelope)
    reader = _Reader(content, envelope.sender, identity, now)
    fingerprint = None
    if order.key:
        about = "\n".join([order.account, envelope.sender, *addresses, options])
        fingerprint = Fingerprint(about, reader.token)
    octets = await reader.read(store, fingerprint)
    # What should have left long ago has its five days as well.
    due_at = max(order.send_at or now, now)
    return NewMessage(
        id=identity,
        account=order.account,
        sender=bounces.sender(identity) if bounces is not None and envelope.sender else envelope.sender,
        recipients=addresses,
        options=options,
        message_id=reader.message_id,
        subject=reader.subject,
        content=octets,
        key=order.key,
        fingerprint=fingerprint.finish() if fingerprint is not None else b"",
        priority=order.priority,
        created_at=now,
        due_at=due_at,
        expires_at=order.expires_at or due_at + EXPIRY,
    )


class _Reader:
    """Reads a content once: for the store, for its fingerprint, and for what lists show."""

    __slots__ = ("_added", "_content", "_used", "message_id", "subject")

    def __init__(self, content: Content, sender: str, identity: str, now: datetime) -> None:
        self._content = content
        # What every server takes; raw octets above 127 need a server that takes them, whatever we do.
        self._used = fewest_requirements(content, _ANYTHING).encoding
        header: bytes = getattr(getattr(content, "content", None), "header", b"")
        self._added = b""
        message_id = content.message_id
        if message_id is None:
            message_id = f"<{identity}@{sender.rpartition('@')[2] or 'localhost'}>"
            self._added = f"Message-ID: {message_id}\r\n".encode()
        if header and not _DATE.search(header):
            self._added += f"Date: {date_field(now)}\r\n".encode()
        self.message_id = message_id
        subject: str | None = getattr(content, "subject", None)
        self.subject = (_subject(header) if subject is None else subject)[:SHOWN]

    @property
    def token(self) -> str:
        """What the mail's own boundaries are made of."""
        stamp = getattr(getattr(self._content, "mail", self._content), "stamp", None)
        return "" if stamp is None else stamp.token

    async def read(self, store: Store, fingerprint: Fingerprint | None) -> bytes | Blob:
        """Return the octets, or where the store keeps them."""
        size = self._content.size(self._used)
        if size is None or size > SMALL or self._content.is_async:
            return await store.keep(self._pieces(fingerprint))
        octets = b"".join(self._content.chunks(self._used))
        if fingerprint is not None:
            fingerprint.feed(octets)
        return self._added + octets

    async def _pieces(self, fingerprint: Fingerprint | None) -> AsyncIterator[bytes]:
        if self._added:
            yield self._added
        async for piece in self._content.achunks(self._used):
            if fingerprint is not None:
                fingerprint.feed(piece)
            yield piece


def _subject(header: bytes) -> str:
    found = _SUBJECT.search(header)
    if found is None:
        return ""
    text = _FOLD.sub(" ", found[1].decode("utf-8", "replace")).strip()
    if "=?" not in text:
        return text
    from email.errors import HeaderParseError
    from email.header import decode_header, make_header

    try:
        return _FOLD.sub(" ", str(make_header(decode_header(text))))
    except (HeaderParseError, LookupError, UnicodeError):
        return text
