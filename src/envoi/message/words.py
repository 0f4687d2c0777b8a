"""Encoded words: text beyond ASCII in header fields (RFC 2047).

Only words that need it are encoded, so that the rest stays readable; neither a character nor an encoded word
is ever cut in two. Quoted-printable or base64, whichever is shorter. Laying the words out on lines is the
business of `headers`; parameters such as file names are in `parameters`.
"""

from __future__ import annotations

from binascii import b2a_base64
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re

__all__ = ["LONGEST", "encoded_words", "runs"]

LONGEST = 75
"""Characters of an encoded word, delimiters included (RFC 2047 §2)."""
_OVERHEAD = len("=?utf-8?q??=")
_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
"""What may stand for itself even in a display name (RFC 2047 §5 rule 3)."""
_Q = tuple("_" if octet == 32 else chr(octet) if octet in _SAFE else f"={octet:02X}" for octet in range(256))


def runs(text: str, plain: re.Pattern[str]) -> tuple[tuple[bool, str], ...]:
    """The text cut at spaces into words to write as they are (False) and runs to encode (True).

    Neighbouring words to encode form one run together with the space between them: the space between two
    encoded words is not shown (RFC 2047 §6.2). The same goes for spaces that stand in a row or at an end.
    """
    words = text.split(" ")
    is_plain = plain.fullmatch
    encode = [is_plain(word) is None or "=?" in word for word in words]
    if "" in words:
        for at in [at for at, word in enumerate(words) if not word]:
            encode[max(at - 1, 0) : at + 2] = [True] * len(encode[max(at - 1, 0) : at + 2])
    found: list[tuple[bool, str]] = []
    for coded, word in zip(encode, words, strict=True):
        if coded and found and found[-1][0]:
            found[-1] = (True, f"{found[-1][1]} {word}")
        else:
            found.append((coded, word))
    return tuple(found)


@lru_cache(maxsize=2048)
def encoded_words(text: str, first: int) -> tuple[str, ...]:
    """The text as encoded words, the first at most `first` characters long, the others 75."""
    data = text.encode()
    quoted = "".join([_Q[octet] for octet in data])
    by_q = len(quoted) <= (len(data) + 2) // 3 * 4
    if by_q and len(quoted) + _OVERHEAD <= first:
        return (f"=?utf-8?q?{quoted}?=",)
    if not by_q and (len(data) + 2) // 3 * 4 + _OVERHEAD <= first:
        return (_word(data, by_q=False),)
    return tuple(_word(piece, by_q=by_q) for piece in _pieces(text, first, by_q=by_q))


def _pieces(text: str, first: int, *, by_q: bool) -> list[bytes]:
    """The text in UTF-8, cut between characters so that each piece fits its word."""
    pieces: list[bytes] = []
    held, used, room = bytearray(), 0, _capacity(first, by_q=by_q)
    for character in text:
        data = character.encode()
        cost = sum(len(_Q[octet]) for octet in data) if by_q else len(data)
        if used + cost > room:
            pieces.append(bytes(held))
            held.clear()
            used, room = 0, _capacity(LONGEST, by_q=by_q)
        held += data
        used += cost
    pieces.append(bytes(held))
    return pieces


def _capacity(length: int, *, by_q: bool) -> int:
    return length - _OVERHEAD if by_q else (length - _OVERHEAD) // 4 * 3


def _word(data: bytes, *, by_q: bool) -> str:
    if by_q:
        return f"=?utf-8?q?{''.join([_Q[octet] for octet in data])}?="
    return f"=?utf-8?b?{b2a_base64(data, newline=False).decode('ascii')}?="
