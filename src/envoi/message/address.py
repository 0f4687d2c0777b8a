"""Addresses and groups as they stand in header fields (RFC 5322 §3.4, RFC 6531 §3.3, RFC 6532).

An `Address` is checked when it is made: whatever holds one may write it to the wire. Where two mail programs
read a string differently, this module refuses it instead of choosing: comments, routes, unquoted specials,
encoded words inside an address, characters that Unicode folds into others. Parsing text is in `mailboxes`,
writing header lines in `headers`, bare envelope addresses in `envelope`, domain labels in `idn`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from envoi.errors import InvalidAddress
from envoi.message import idn
from envoi.message.characters import refuse_controls, shown

__all__ = ["Address", "Group"]

# By what it is not: a class of characters up to U+10FFFF takes 10 ms to compile.
_ATEXT = r"""[^\x00-\x20"(),.:;<>@\[\\\]\x7f]"""
_DOT_ATOM = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*")
_PHRASE = re.compile(rf"{_ATEXT}+(?: {_ATEXT}+)*")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"  # underscores: not in DNS host names, but in use
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LITERAL = re.compile(r"\[(?:IPv6:(?P<v6>[0-9A-Fa-f:.]+)|(?P<v4>[0-9.]+))\]")
_PLAIN = re.compile(r"[A-Za-z0-9!#$%&'*+/?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/?^_`{|}~-]+)*")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"'})
_LONGEST = 254
"""Octets of a forward-path without its angle brackets (RFC 5321 §4.5.3.1.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One mailbox: a local part, a domain and, for people, a name.

    Attributes:
        local: the local part without quotes or escapes.
        domain: the domain as ASCII (A-labels), or an address literal in brackets.
        name: the display name, decoded; empty when there is none.

    Raises:
        InvalidAddress: the text names the part that is wrong.
    """

    local: str
    domain: str
    name: str = ""

    def __post_init__(self) -> None:
        if not self.domain.isascii():
            object.__setattr__(self, "domain", idn.to_ascii(self.domain))
        if _PLAIN.fullmatch(self.local):
            octets = len(self.local) + 1 + len(self.domain)
        else:
            _check_local(self.local)
            octets = len(self.spec.encode())
        _check_domain(self.domain)
        if octets > _LONGEST:
            raise InvalidAddress(
                f"the address {shown(self.spec)} is longer than {_LONGEST} octets (RFC 5321 §4.5.3.1.3)"
            )
        if self.name:
            refuse_controls(self.name, "display name", error=InvalidAddress)
            object.__setattr__(self, "name", self.name.strip())

    @property
    def spec(self) -> str:
        """The bare address as the envelope and the angle brackets take it: ``"odd local"@example.org``."""
        local = self.local
        return f"{local if _DOT_ATOM.fullmatch(local) else quoted(local)}@{self.domain}"

    @property
    def unicode_domain(self) -> str:
        """The domain for people to read."""
        return idn.to_unicode(self.domain)

    @property
    def is_international(self) -> bool:
        """Whether the local part needs SMTPUTF8 (RFC 6531): nothing else can carry it."""
        return not self.local.isascii()

    def __str__(self) -> str:
        return f"{_shown_name(self.name)} <{self.spec}>" if self.name else self.spec

    @classmethod
    def parse(cls, text: str | Address) -> Address:
        """One address out of text: ``a@example.org`` or ``Zoë <zoe@example.org>``.

        Raises:
            InvalidAddress: not one address, or one that readers would understand differently.
        """
        if isinstance(text, Address):
            return text
        from envoi.message.mailboxes import parse_address

        return parse_address(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Several mailboxes under one name, or none: ``undisclosed-recipients:;`` (RFC 5322 §3.4)."""

    name: str
    members: tuple[Address, ...] = ()

    def __post_init__(self) -> None:
        refuse_controls(self.name, "group name", error=InvalidAddress)
        object.__setattr__(self, "name", self.name.strip())
        if not self.name:
            raise InvalidAddress("a group of addresses needs a name")

    def __str__(self) -> str:
        return f"{_shown_name(self.name)}: {', '.join(map(str, self.members))};"


def quoted(text: str) -> str:
    """The text as quoted-string (RFC 5322 §3.2.4)."""
    return f'"{text.translate(_ESCAPES)}"'


def _shown_name(name: str) -> str:
    return name if _PHRASE.fullmatch(name) else quoted(name)


def _check_local(local: str) -> None:
    refuse_controls(local, "local part of the address", error=InvalidAddress)
    if "=?" in local:
        raise InvalidAddress(f"an encoded word inside the address {shown(local)}: some would decode it")
    for character in local:
        if not character.isascii():
            _check_international(character, local)


def _check_international(character: str, local: str) -> None:
    folded = unicodedata.normalize("NFKC", character)
    if unicodedata.category(character)[0] in "CZ" or any(c.isascii() for c in folded):
        # U+FF20 is an "@" to whoever normalises, U+200B is nothing to whoever reads.
        raise InvalidAddress(
            f"the character U+{ord(character):04X} in the local part {shown(local)} is invisible, "
            "or stands for another one"
        )


@lru_cache(maxsize=1024)
def _check_domain(domain: str) -> None:
    if domain.startswith("["):
        _check_literal(domain)
    elif not _DOMAIN.fullmatch(domain) or len(domain) > 253:
        raise InvalidAddress(f"{shown(domain)} is no domain name (RFC 5321 §4.1.2)")
    elif domain[-1].isdigit() and domain.rpartition(".")[2].isdigit():
        raise InvalidAddress(f"the domain {domain} ends in a number; an IP address has brackets: [{domain}]")


def _check_literal(domain: str) -> None:
    from ipaddress import IPv4Address, IPv6Address

    found = _LITERAL.fullmatch(domain)
    try:
        if found is None:
            raise ValueError("neither [192.0.2.1] nor [IPv6:2001:db8::1]")
        IPv4Address(found["v4"]) if found["v4"] else IPv6Address(found["v6"])
    except ValueError as error:
        raise InvalidAddress(f"{shown(domain)} is no address literal (RFC 5321 §4.1.3): {error}") from error
