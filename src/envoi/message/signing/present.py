"""The DKIM signatures that a mail bears already, by the key they name: domain and selector (RFC 6376 §3.5).

For whoever signs everything that passes and must not sign twice. Whether such a signature is good is not
asked: that takes the DNS, and is the receiver's business. Signatures are made in `dkim`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.message.raw import RawContent
from envoi.message.signing.canonical import MessageReader, relaxed_fields
from envoi.message.signing.signed import SignedEmail

if TYPE_CHECKING:
    from envoi.message.content import Content
    from envoi.message.signing.dkim_key import DKIMKey

__all__ = ["named", "signatures_of"]


def named(key: DKIMKey) -> tuple[str, str]:
    """The key as signatures name it; domains know no case, selectors are part of one."""
    return key.domain.lower(), key.selector.lower()


def signatures_of(mail: Content) -> frozenset[tuple[str, str]]:
    """The domain and selector of each signature of a mail: one that was signed here, or a raw one."""
    if isinstance(mail, SignedEmail):
        return signatures_of(mail.mail).union(map(named, mail.signer.keys))
    raw = getattr(mail, "content", None)
    return _in_header(raw.header) if isinstance(raw, RawContent) else frozenset()


def _in_header(header: bytes) -> frozenset[tuple[str, str]]:
    if b"dkim-signature" not in header.lower():
        return frozenset()
    reader = MessageReader()
    reader.feed(header + b"\r\n\r\n")
    names, fields = relaxed_fields(reader.header or b"")
    return frozenset(
        _key(field) for name, field in zip(names, fields, strict=True) if name == b"dkim-signature"
    )


def _key(field: bytes) -> tuple[str, str]:
    tags: dict[str, str] = {}
    for tag in field.partition(b":")[2].decode("ascii", "replace").split(";"):
        name, _, value = tag.partition("=")
        tags[name.strip()] = "".join(value.split()).lower()
    return tags.get("d", ""), tags.get("s", "")
