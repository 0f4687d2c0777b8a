"""A mail with DKIM signatures: the same mail, with fields in front that are made when it is sent.

The signatures cover the octets as they travel, so that they are made for the encoding that the server gets.
The mail is read twice, once for its hash and once to be sent, and never held: a 512 MiB attachment is signed
in constant memory. What is signed is decided in `dkim`; this file only reads and forwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from envoi.errors import NotSupportedByServer
from envoi.message.content import Content, Requirements, WireEncoding
from envoi.message.signing.canonical import MessageReader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from datetime import datetime

    from envoi.message.envelope import DeliveryOptions, Envelope
    from envoi.message.signing.dkim import DKIMSigner

__all__ = ["Addressed", "SignedEmail", "fewest_requirements"]

_ANYWHERE = WireEncoding(smtputf8=True)


class Addressed(Content, Protocol):
    """A content that knows its envelope: what a session sends without further arguments."""

    def envelope(self, options: DeliveryOptions | None = None) -> Envelope:
        """Who sends to whom."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedEmail:
    """What `DKIMSigner.sign` gives; sessions take it like the mail that it wraps.

    Attributes:
        mail: the mail itself.
        signer: the keys, and what they cover.
        at: the instant that the signatures name.
    """

    mail: Addressed
    signer: DKIMSigner
    at: datetime

    @property
    def message_id(self) -> str | None:
        """The identifier of the mail."""
        return self.mail.message_id

    @property
    def is_async(self) -> bool:
        """Whether only an asynchronous session can send it."""
        return self.mail.is_async

    @property
    def only_once(self) -> str | None:
        """None, unless it was made of a mail that cannot be signed; see `DKIMSigner.sign`."""
        return self.mail.only_once

    def envelope(self, options: DeliveryOptions | None = None) -> Envelope:
        """The envelope of the mail."""
        return self.mail.envelope(options)

    def requirements(self, offered: WireEncoding) -> Requirements:
        """What the mail needs when it uses as little as it can.

        A relay that turns 8-bit bodies into 7-bit ones breaks the signature, so that 8BITMIME is used for
        mails that cannot do without it only, and BINARYMIME never (RFC 6376 §5.3).

        Raises:
            NotSupportedByServer: the mail cannot be carried.
        """
        return fewest_requirements(self.mail, offered)

    def size(self, used: WireEncoding = _ANYWHERE) -> int | None:
        """The exact number of octets, signatures included; None when an attachment does not know its size."""
        used = _never_binary(used)
        size = self.mail.size(used)
        if size is None or self.is_async:
            return None
        reader = MessageReader()
        for piece in self.mail.chunks(used):
            reader.feed(piece)
            if reader.header is not None:
                break
        return size + self.signer.size(reader.header or reader.finish()[0], self.at)

    def chunks(self, used: WireEncoding = _ANYWHERE) -> Iterator[bytes]:
        """The signatures, and the mail in pieces.

        Raises:
            UsageError: an attachment can be read only once or only by `achunks`, or changed or broke off.
        """
        used = _never_binary(used)
        reader = MessageReader()
        for piece in self.mail.chunks(used):
            reader.feed(piece)
        yield self.signer.fields(*reader.finish(), self.at)
        yield from self.mail.chunks(used)

    async def achunks(self, used: WireEncoding = _ANYWHERE) -> AsyncIterator[bytes]:
        """The same pieces; an asynchronous attachment must be a function that can be called twice.

        Raises:
            UsageError: as for `chunks`.
        """
        used = _never_binary(used)
        reader = MessageReader()
        async for piece in self.mail.achunks(used):
            reader.feed(piece)
        yield self.signer.fields(*reader.finish(), self.at)
        async for piece in self.mail.achunks(used):
            yield piece


def fewest_requirements(mail: Content, offered: WireEncoding) -> Requirements:
    """What a content needs when it is 7-bit, or 8-bit where it cannot be otherwise.

    Raises:
        NotSupportedByServer: it cannot be carried.
    """
    try:
        return mail.requirements(WireEncoding(smtputf8=offered.smtputf8))
    except NotSupportedByServer:
        return mail.requirements(_never_binary(offered))


def _never_binary(encoding: WireEncoding) -> WireEncoding:
    return replace(encoding, binary=False) if encoding.binary else encoding
