"""DKIM signatures (RFC 6376, RFC 8463): which fields they cover, and the header field they become.

Relaxed canonicalisation for both header and body, SHA-256, never `l=` (RFC 6376 §8.2): see
docs/decisions/0050. What is hashed is prepared in `canonical`; the mail that carries the signatures is in
`signed`; keys are in `dkim_key`.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from envoi.errors import UsageError
from envoi.message.address import Address
from envoi.message.headers import check_name
from envoi.message.signing.canonical import relaxed_fields
from envoi.message.signing.signed import Addressed, SignedEmail
from envoi.message.stamp import Stamp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from envoi.message.signing.dkim_key import DKIMKey

__all__ = ["OVERSIGNED", "SIGNED", "DKIMSigner"]

OVERSIGNED = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "Cc",
    "Sender",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
)
"""Fields listed once more than they occur, so that nobody can add one: a second Subject, a Reply-To."""

SIGNED = (
    "Content-ID",
    "Content-Description",
    "Content-Disposition",
    "Content-Language",
    "Resent-From",
    "Resent-To",
    "Resent-Cc",
    "Resent-Date",
    "Resent-Message-ID",
    "List-Id",
    "List-Help",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Subscribe",
    "List-Post",
    "List-Owner",
    "List-Archive",
    "Auto-Submitted",
)
"""Fields signed when they are there (RFC 6376 §5.4.1, RFC 8058 §4); a mailing list may add its own."""

_COLUMNS = 76


@dataclass(frozen=True, slots=True, init=False)
class DKIMSigner:
    """Signs mails with one key or several: `DKIMSigner(key).sign(mail)`.

    Attributes:
        keys: one signature each, in this order; RSA and Ed25519 side by side serve old and new receivers.
        signed: header fields that are covered when they are there.
        oversigned: header fields that are covered, and may not be added; `From` is always among them.
        identity: on whose behalf the domain signs (`i=`), an address or ``@subdomain``; None for the domain.
        lifetime_seconds: after which receivers should ignore the signature (`x=`); None for never.
    """

    keys: tuple[DKIMKey, ...]
    signed: tuple[str, ...]
    oversigned: tuple[str, ...]
    identity: str | None
    lifetime_seconds: int | None
    _names: tuple[tuple[bytes, int], ...]

    def __init__(
        self,
        *keys: DKIMKey,
        signed: Iterable[str] = SIGNED,
        oversigned: Iterable[str] = OVERSIGNED,
        identity: str | None = None,
        lifetime_seconds: int | None = None,
    ) -> None:
        """Check what can be checked before there is a mail.

        Raises:
            UsageError: no key, an identity outside the domain of a key, or a lifetime below one second.
            InvalidHeader: a name that no header field can have.
        """
        if not keys:
            raise UsageError("a DKIMSigner needs a key: DKIMSigner(DKIMKey.from_file(…))")
        if lifetime_seconds is not None and lifetime_seconds < 1:
            raise UsageError(f"lifetime_seconds is 1 at least, not {lifetime_seconds}")
        over = tuple(dict.fromkeys((*oversigned, "From")))
        plain = tuple(signed)
        values = {
            "keys": keys,
            "signed": plain,
            "oversigned": over,
            "identity": None if identity is None else _identity(identity, keys),
            "lifetime_seconds": lifetime_seconds,
            "_names": _counted(plain, over),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def sign(self, mail: Addressed, *, at: datetime | None = None) -> SignedEmail:
        """The mail with its signatures, which are made when it is sent: they depend on its encoding.

        Args:
            mail: an `Email`, a `RawEmail`, or what S/MIME made of them.
            at: the instant of signing (`t=`), aware; now when left out.

        Raises:
            UsageError: `at` has no time zone.
        """
        if at is not None and at.utcoffset() is None:
            raise UsageError("the instant of a signature needs a time zone: datetime(…, tzinfo=UTC)")
        return SignedEmail(mail=mail, signer=self, at=at or Stamp.fresh().at)

    def fields(self, header: bytes, body_hash: bytes, at: datetime) -> bytes:
        """The DKIM-Signature fields of a message, with their line ends.

        Args:
            header: its fields, with CRLF line ends.
            body_hash: what `bh=` says, not yet encoded.
            at: the instant of signing.
        """
        listed, lines = self._chosen(header)
        made: list[bytes] = []
        for key in self.keys:
            parts = self._parts(key, listed, body_hash, at)
            # Relaxed form: what is folded below stands on one line, and nothing follows "b=".
            unsigned = b"dkim-signature:" + b" ".join(parts)
            made.append(_folded(parts, key.sign(b"\r\n".join((*lines, unsigned)))))
        return b"".join(made)

    def size(self, header: bytes, at: datetime) -> int:
        """The octets of `fields` for this header, whatever the body; nothing is signed."""
        listed, _ = self._chosen(header)
        return sum(
            len(_folded(self._parts(key, listed, bytes(32), at), bytes(key.signature_octets)))
            for key in self.keys
        )

    def _chosen(self, header: bytes) -> tuple[tuple[bytes, ...], list[bytes]]:
        """The names for `h=`, and the fields that they stand for, the last of a name first (§5.4.2)."""
        found: dict[bytes, list[bytes]] = {}
        for name, line in relaxed_fields(header):
            found.setdefault(name, []).append(line)
        listed: list[bytes] = []
        lines: list[bytes] = []
        for name, more in self._names:
            there = found.get(name)
            if there is not None:
                listed += [name] * len(there)
                lines += reversed(there)
            if more:
                listed.append(name)
        return tuple(listed), lines

    def _parts(self, key: DKIMKey, listed: tuple[bytes, ...], body_hash: bytes, at: datetime) -> list[bytes]:
        """The value of a field, cut where it is folded, up to `b=`."""
        instant = int(at.timestamp())
        when = f"t={instant};"
        if self.lifetime_seconds is not None:
            when += f" x={instant + self.lifetime_seconds};"
        who = [] if self.identity is None else [f"i={self.identity};".encode()]
        return [
            f"v=1; a={key.algorithm}; c=relaxed/relaxed;".encode(),
            f"d={key.domain}; s={key.selector};".encode(),
            *who,
            when.encode(),
            *_list(listed),
            b"bh=%b;" % b64encode(body_hash),
            b"b=",
        ]


def _folded(parts: list[bytes], signature: bytes) -> bytes:
    text = b64encode(signature)
    first = _COLUMNS - 3
    rest = [text[at : at + _COLUMNS - 1] for at in range(first, len(text), _COLUMNS - 1)]
    lines = (*parts[:-1], parts[-1] + text[:first], *rest)
    return b"DKIM-Signature: %b\r\n" % b"\r\n ".join(lines)


@lru_cache(maxsize=256)
def _list(names: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """`h=` in lines; a colon ends each but the last (RFC 6376 §3.5 allows blanks there)."""
    lines: list[bytes] = []
    line = b"h=" + names[0]
    for name in names[1:]:
        if len(line) + len(name) + 2 > _COLUMNS:
            lines.append(line + b":")
            line = name
        else:
            line += b":" + name
    return (*lines, line + b";")


def _counted(signed: tuple[str, ...], oversigned: tuple[str, ...]) -> tuple[tuple[bytes, int], ...]:
    """Names in lower case, and whether each is listed once more than it occurs."""
    for name in (*oversigned, *signed):
        check_name(name)
    names = {name.lower().encode(): 0 for name in signed} | {name.lower().encode(): 1 for name in oversigned}
    return tuple(sorted(names.items(), key=lambda item: -item[1]))


def _identity(identity: str, keys: tuple[DKIMKey, ...]) -> str:
    anybody = identity.startswith("@")
    checked = Address.parse(f"x{identity}" if anybody else identity)
    domain = checked.domain.lower()
    for key in keys:
        if domain != key.domain and not domain.endswith(f".{key.domain}"):
            raise UsageError(
                f"the identity {identity!r} is outside the domain {key.domain} that signs (RFC 6376 §3.5)"
            )
    local = "" if anybody else checked.spec.rpartition("@")[0]
    return f"{_quoted_printable(local)}@{domain}"


def _quoted_printable(text: str) -> str:
    """The form in which a tag can hold anything (RFC 6376 §2.11)."""
    return "".join(
        chr(octet) if 33 <= octet <= 126 and octet not in b";=" else f"={octet:02X}"
        for octet in text.encode()
    )
