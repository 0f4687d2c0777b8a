"""Which domains belong together, as far as can be told from their names alone.

The list of public suffixes is too large and changes too often to be carried along: two labels make an
organisation, three where the second level is a known kind of one (``co.uk``, ``com.au``). Whoever is wrong
about an exotic suffix here says too little, never too much: more names belong together.
"""

from __future__ import annotations

import re

from envoi.errors import InvalidAddress
from envoi.message import idn

__all__ = ["organisation", "same_organisation"]

_SECOND_LEVELS = frozenset(
    {"ac", "co", "com", "edu", "go", "gob", "gov", "gouv", "ne", "net", "nom", "or", "org"}
)
_ADDRESS = re.compile(r"[0-9.]+|\[.*\]|.*:.*")


def organisation(domain: str) -> str:
    """The part of a domain that was registered: ``news.example.co.uk`` is of ``example.co.uk``."""
    name = domain.rstrip(".").lower()
    if not name.isascii():
        try:
            name = idn.to_ascii(name)
        except InvalidAddress:
            return name
    labels = name.split(".")
    if _ADDRESS.fullmatch(name) or len(labels) < 3:
        return name
    kept = 3 if len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVELS else 2
    return ".".join(labels[-kept:])


def same_organisation(one: str, other: str) -> bool:
    """Whether two domains are of one organisation."""
    return organisation(one) == organisation(other)
