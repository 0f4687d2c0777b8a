"""DKIM signatures (RFC 6376, RFC 8463): the signer, and the header field that a signature is.

Relaxed canonicalisation for header and body, SHA-256, never `l=` (RFC 6376 §8.2): see docs/decisions/0050.
Which fields are covered is in `coverage`, what is hashed in `canonical`; keys are in `dkim_key`, and the mail
that carries the signatures is in `signed`.
"""

from __future__ import annotations

from binascii import b2a_base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envoi.errors import UsageError
from envoi.message.address import Address
from envoi.message.signing.coverage import OVERSIGNED, SIGNED, Coverage
from envoi.message.signing.present import named, signatures_of
from envoi.message.signing.signed import Addressed, SignedEmail
from envoi.message.stamp import Stamp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from envoi.message.content import Content
    from envoi.message.signing.dkim_key import DKIMKey

__all__ = ["DKIMSigner"]

_COLUMNS = 75


@dataclass(frozen=True, slots=True, init=False)
class DKIMSigner:
    """Signs mails with one key or several: `DKIMSigner(key).sign(mail)`.

    Attributes:
        keys: one signature each, in this order; RSA and Ed25519 side by side serve old and new receivers.
        coverage: the header fields that are signed.
        identity: on whose behalf the domain signs (`i=`), an address or ``@subdomain``; None for the domain.
        lifetime_seconds: after which receivers should ignore the signature (`x=`); None for never.
    """

    keys: tuple[DKIMKey, ...]
    coverage: Coverage
    identity: str | None
    lifetime_seconds: int | None
    _beginnings: tuple[bytes, ...] = field(repr=False, compare=False)

    def __init__(
        self,
        *keys: DKIMKey,
        signed: Iterable[str] = SIGNED,
        oversigned: Iterable[str] = OVERSIGNED,
        identity: str | None = None,
        lifetime_seconds: int | None = None,
    ) -> None:
        """Check what can be checked before there is a mail.

        Args:
            keys: at least one.
            signed: names of header fields that are covered when they are there.
            oversigned: names of header fields of which nobody may add one; `From` always is.
            identity: as for the class.
            lifetime_seconds: as for the class.

        Raises:
            UsageError: no key, an identity outside the domain of a key, or a lifetime below one second.
            InvalidHeader: a name that no header field can have.
            InvalidAddress: the identity is no address.
        """
        if not keys:
            raise UsageError("a DKIMSigner needs a key: DKIMSigner(DKIMKey.from_file(…))")
        if lifetime_seconds is not None and lifetime_seconds < 1:
            raise UsageError(f"lifetime_seconds is 1 at least, not {lifetime_seconds}")
        object.__setattr__(self, "keys", keys)
        object.__setattr__(self, "coverage", Coverage(signed=signed, oversigned=oversigned))
        object.__setattr__(self, "identity", identity)
        object.__setattr__(self, "lifetime_seconds", lifetime_seconds)
        object.__setattr__(self, "_beginnings", tuple(_beginning(key, identity) for key in keys))

    def sign(self, mail: Addressed, *, at: datetime | None = None) -> SignedEmail:
        """The mail with its signatures, which are made when it is sent: they depend on its encoding.

        Args:
            mail: an `Email`, a `RawEmail`, or what S/MIME made of them.
            at: the instant of signing (`t=`), aware; now when left out.

        Raises:
            UsageError: `at` has no time zone, or an attachment can be read only once.
        """
        if mail.only_once is not None:
            raise UsageError(
                f"{mail.only_once!r} can be read only once, and signing reads it before it is sent; "
                "attach bytes, a path, a file that can seek, or a function that makes the iterator"
            )
        if at is None:
            at = Stamp.fresh().at
        elif at.utcoffset() is None:
            raise UsageError("the instant of a signature needs a time zone: datetime(…, tzinfo=UTC)")
        return SignedEmail(mail=mail, signer=self, at=at)

    def has_signed(self, mail: Content) -> bool:
        """Whether a mail bears a signature of one of these keys, as its domain and selector say."""
        return not signatures_of(mail).isdisjoint(map(named, self.keys))

    def fields(self, header: bytes, body_hash: bytes, at: datetime) -> bytes:
        """The DKIM-Signature fields of a message, with their line ends.

        Args:
            header: its fields, with CRLF line ends.
            body_hash: what `bh=` says, not yet encoded.
            at: the instant of signing.
        """
        names, covered = self.coverage.of(header)
        ending = self._ending(names, body_hash, at)
        made: list[bytes] = []
        for key, beginning in zip(self.keys, self._beginnings, strict=True):
            unsigned = beginning + ending
            # The field itself in relaxed form: unfolded, nothing behind "b=", no line end (§3.7).
            own = b"dkim-signature:" + unsigned.replace(b"\r\n", b"")
            made.append(_field(unsigned, key.sign(covered + own)))
        return b"".join(made)

    def size(self, header: bytes, at: datetime) -> int:
        """The octets that `fields` gives for this header, whatever the body; nothing is signed."""
        ending = self._ending(self.coverage.of(header)[0], bytes(32), at)
        return sum(
            len(_field(beginning + ending, bytes(key.signature_octets)))
            for key, beginning in zip(self.keys, self._beginnings, strict=True)
        )

    def _ending(self, names: bytes, body_hash: bytes, at: datetime) -> bytes:
        """What all signatures of a message have in common."""
        instant = int(at.timestamp())
        until = b"" if self.lifetime_seconds is None else b" x=%d;" % (instant + self.lifetime_seconds)
        bh = b2a_base64(body_hash, newline=False)
        return b"t=%d;%b\r\n %b\r\n bh=%b;\r\n b=" % (instant, until, names, bh)


def _beginning(key: DKIMKey, identity: str | None) -> bytes:
    """What all signatures of a key have in common."""
    who = "" if identity is None else f" i={_identity(identity, key.domain)};\r\n"
    text = f"v=1; a={key.algorithm}; c=relaxed/relaxed;\r\n d={key.domain}; s={key.selector};\r\n{who} "
    return text.encode()


def _field(unsigned: bytes, signature: bytes) -> bytes:
    text = b2a_base64(signature, newline=False)
    first = _COLUMNS - 2
    lines = [text[:first], *(text[at : at + _COLUMNS] for at in range(first, len(text), _COLUMNS))]
    return b"DKIM-Signature: %b%b\r\n" % (unsigned, b"\r\n ".join(lines))


def _identity(identity: str, domain: str) -> str:
    anybody = identity.startswith("@")
    address = Address.parse(f"x{identity}" if anybody else identity)
    within = address.domain.lower()
    if within != domain and not within.endswith(f".{domain}"):
        raise UsageError(
            f"the identity {identity!r} is outside the domain {domain} that signs (RFC 6376 §3.5)"
        )
    local = "" if anybody else address.spec.rpartition("@")[0]
    return f"{_quoted_printable(local)}@{within}"


def _quoted_printable(text: str) -> str:
    """The form in which a tag can hold anything (RFC 6376 §2.11)."""
    return "".join(
        chr(octet) if 33 <= octet <= 126 and octet not in b";=" else f"={octet:02X}"
        for octet in text.encode()
    )
