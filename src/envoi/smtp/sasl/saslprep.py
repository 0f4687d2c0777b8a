"""SASLprep: one spelling for each user name and password before SCRAM hashes it (RFC 4013).

The tables are Unicode 3.2's, frozen in the standard library. Characters assigned since then
pass unchanged (RFC 3454 §7, "queries"): the letter of RFC 5802 would refuse them, yet a server
that stored a password with an emoji in it took it exactly so.
"""

from __future__ import annotations

import stringprep
from unicodedata import ucd_3_2_0

from envoi.errors import UsageError

__all__ = ["saslprep"]

_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def saslprep(text: str) -> str:
    """Return `text` mapped and normalised.

    Raises:
        UsageError: nothing is left, or it holds characters that SASLprep prohibits. Which ones
            is not said: the text may be a password.
    """
    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char for char in text if not stringprep.in_table_b1(char)
    )
    prepared = ucd_3_2_0.normalize("NFKC", mapped)
    if not prepared:
        raise UsageError("the user name or password holds only characters that SASLprep drops (RFC 4013)")
    if any(prohibited(char) for char in prepared for prohibited in _PROHIBITED):
        raise UsageError("the user name or password holds a character that SASLprep prohibits (RFC 4013)")
    if not _one_direction(prepared):
        raise UsageError("the user name or password mixes writing directions, against SASLprep (RFC 4013)")
    return prepared


def _one_direction(text: str) -> bool:
    """Right-to-left text must be so from its first to its last character (RFC 3454 §6)."""
    if not any(map(stringprep.in_table_d1, text)):
        return True
    ends = stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
    return ends and not any(map(stringprep.in_table_d2, text))
