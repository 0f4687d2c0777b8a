"""Internationalised domain names: U-labels to A-labels and back (RFC 5890, RFC 5891).

The `idna` package decides when it is installed (extra `envoi[idna]`). Without it the standard library's
codec may only decide where IDNA 2003 and IDNA 2008 name the same domain: a wrong guess would deliver to a
stranger. The rest is refused by name. Addresses as a whole are in `address`; DNS is nobody's business here.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from envoi.errors import InvalidAddress

__all__ = ["to_ascii", "to_unicode"]

_LETTERS = frozenset({"Ll", "Lo", "Lm", "Mn", "Mc"})
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_UNUSUAL = re.compile(  # allowed or dropped by IDNA 2003, forbidden by RFC 5892 §2.6, §2.8 and §2.9
    "[\u034f\u0640\u1100-\u11ff\u17b4\u17b5\u180b-\u180d\u20d0-\u20ff"
    "\u302e\u302f\u3031-\u3035\u303b\ufe00-\ufe0f\U00010000-\U0010ffff]"
)


@lru_cache(maxsize=1024)
def to_ascii(domain: str) -> str:
    """The domain with every international label as A-label; an ASCII domain comes back as it is.

    Raises:
        InvalidAddress: not a domain name, or one that cannot be told without the `idna` package.
    """
    if domain.isascii():
        return domain
    if any(unicodedata.normalize("NFKC", character) != character for character in domain):
        # U+FF61 is a dot, U+2100 is "a/c" and U+037E a semicolon to some readers and not to others.
        raise InvalidAddress(
            f"the domain {domain!a} contains characters that stand for others; write those others"
        )
    labels = unicodedata.normalize("NFC", domain).lower().split(".")
    return ".".join(label if label.isascii() else _a_label(label, domain) for label in labels)


@lru_cache(maxsize=1024)
def to_unicode(domain: str) -> str:
    """The domain for people to read; a label that cannot be shown without loss stays an A-label."""
    return ".".join(_u_label(label) for label in domain.split("."))


def _a_label(label: str, domain: str) -> str:
    try:
        import idna
    except ImportError:
        return _a_label_by_codec(label, domain)
    try:
        return idna.alabel(label).decode("ascii")
    except idna.IDNAError as error:
        raise InvalidAddress(f"{domain!a} is no internationalised domain name: {error}") from error


def _a_label_by_codec(label: str, domain: str) -> str:
    if not _undisputed(label):
        raise InvalidAddress(
            f"the domain {domain!a} is spelt differently by the two IDNA standards, or known to one of them; "
            "install envoi[idna], or write the domain as an A-label (xn--…)"
        )
    try:
        return label.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise InvalidAddress(f"{domain!a} is no internationalised domain name: {error}") from error


def _u_label(label: str) -> str:
    if not label.lower().startswith("xn--"):
        return label
    try:
        shown = label[4:].encode("ascii").decode("punycode")
        return shown if to_ascii(shown) == label.lower() else label
    except (UnicodeError, InvalidAddress):
        return label


def _undisputed(label: str) -> bool:
    """Whether IDNA 2003 and IDNA 2008 both allow this label and agree on its A-label."""
    if _UNUSUAL.search(label) or label[2:4] == "--" or unicodedata.category(label[0]).startswith("M"):
        return False
    if any(not c.isascii() and not _undisputed_letter(c) for c in label):
        return False
    directions = {unicodedata.bidirectional(c) for c in label}
    return directions <= _RIGHT_TO_LEFT or not directions & _RIGHT_TO_LEFT


def _undisputed_letter(character: str) -> bool:
    return (
        unicodedata.category(character) in _LETTERS
        and unicodedata.ucd_3_2_0.category(character) != "Cn"  # IDNA 2003 knows Unicode 3.2
        and character.casefold() == character  # ß and ς: mapped away by the older standard
    )
