"""A mail taken apart for S/MIME: the fields that stay outside, and the part that is signed or encrypted.

The fields that describe the content move with it, all others stay where every relay can read them
(RFC 8551 §3.1). The part is 7-bit with CRLF line ends, as RFC 8551 §3.1.3 wants it, and whole in memory: the
library that signs it takes nothing else. What becomes of it is `smime`'s business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envoi.errors import UsageError
from envoi.message.content import WireEncoding
from envoi.message.parts import flatten
from envoi.message.raw import RawEmail
from envoi.message.signing.signed import fewest_requirements

if TYPE_CHECKING:
    from envoi.message.envelope import Envelope
    from envoi.message.parts import Node
    from envoi.message.signing.signed import Addressed

__all__ = ["Entity"]

_LINE_END = re.compile(rb"\r\n|\r|\n")
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:.*\r\n(?:[ \t].*\r\n)*")
_ANYTHING = WireEncoding(eightbit=True, smtputf8=True)
_AUTHORS = (b"from", b"sender")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One mail in two.

    Attributes:
        outer: the fields that stay outside, each with its line end.
        fields: the fields that describe the content.
        body: what they describe.
        envelope: who sends to whom.
    """

    outer: str
    fields: str
    body: bytes
    envelope: Envelope

    @classmethod
    def of(cls, mail: Addressed) -> Entity:
        """Compose the mail and take it apart.

        Raises:
            UsageError: an attachment cannot be read, or the content cannot be 7-bit.
        """
        if mail.is_async:
            raise UsageError(
                "S/MIME needs the whole mail at once: attach bytes or a path, no asynchronous source"
            )
        used = fewest_requirements(mail, _ANYTHING).encoding
        data = _LINE_END.sub(b"\r\n", b"".join(mail.chunks(used)))
        header, _, body = data.partition(b"\r\n\r\n")
        outer: list[bytes] = []
        inner: list[bytes] = []
        for field in _FIELD.finditer(header + b"\r\n"):
            name = field[1].lower()
            if name.startswith(b"content-"):
                inner.append(field[0])
            elif name != b"mime-version":
                outer.append(field[0])
        fields = b"".join(inner)
        if not (fields.isascii() and body.isascii()):
            raise UsageError("S/MIME signs 7-bit content (RFC 8551 §3.1.3): encode octets above 127 first")
        return cls(outer=_text(b"".join(outer)), fields=fields.decode(), body=body, envelope=mail.envelope())

    @property
    def octets(self) -> bytes:
        """What is signed or encrypted: a complete MIME part."""
        return b"%b\r\n%b" % (self.fields.encode(), self.body)

    @property
    def authors(self) -> frozenset[str]:
        """The addresses in From and Sender, in lower case."""
        from email.utils import getaddresses  # a megabyte that DKIM does without

        values = [
            field[0].partition(b":")[2].decode()
            for field in _FIELD.finditer(self.outer.encode())
            if field[1].lower() in _AUTHORS
        ]
        return frozenset(address.lower() for _, address in getaddresses(values) if address)

    def around(self, root: Node, token: str) -> RawEmail:
        """The mail with another content, for the same people."""
        plan = flatten(f"{self.outer}MIME-Version: 1.0\r\n", root, token)
        envelope = self.envelope
        return RawEmail(
            b"".join(plan.chunks()),
            sender=envelope.sender,
            recipients=envelope.recipients,
            options=envelope.options,
        )


def _text(header: bytes) -> str:
    try:
        return header.decode()
    except UnicodeDecodeError as error:
        raise UsageError(
            "the header of the mail is neither ASCII nor UTF-8: encode its fields (RFC 2047)"
        ) from error
