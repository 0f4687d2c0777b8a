"""Texts of fixed and changing pieces: the fixed ones are encoded once, for all recipients.

A `Letter` is what a template gives for one row. It is `Prepared` for the composer: fixed pieces bring their
octets, changing ones are encoded, and lines are counted across the seams, so that the result keeps every
limit that a text encoded in one go keeps. What is unusual (base64, a carriage return, NUL) is left to the
composer.
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from envoi.errors import UsageError
from envoi.message.characters import shown
from envoi.message.encode import LONGEST_LINE, beyond_ascii, shorter, untouched

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envoi.message.content import WireEncoding
    from envoi.message.encode import Transfer

__all__ = ["Letter", "Piece", "Threads", "weave"]

Strand: TypeAlias = "tuple[bytes, int, int, int, bool]"
"""Octets between two seams; those of the first, the longest, the last line; whether there are several."""

_SIMPLE = re.compile(rb"[!-<>-~]?|[!-<>-~][ -<>-~]{,70}[!-<>-~]")
"""What quoted-printable leaves as it is: most values."""
_SHORT, _MANY = 200, 256
"""Changing pieces of fewer characters are remembered, so many of them."""
_LONGEST_QUOTED = 75
"""Columns of quoted-printable before the sign that the line goes on (RFC 2045 §6.7 rule 5)."""


class Piece:
    """One piece of text in every form that it may travel in.

    Attributes:
        usual: whether it can be encoded apart from its neighbours.
        beyond: octets above 127.
        plain: as it is, in UTF-8 with CRLF.
        quoted: in quoted-printable; None until it is asked for.
    """

    __slots__ = ("beyond", "plain", "quoted", "usual")

    def __init__(self, text: str) -> None:
        data = text.encode()
        self.quoted: Strand | None = None
        if _SIMPLE.fullmatch(data):
            size = len(data)
            self.usual, self.beyond = True, 0
            self.plain = self.quoted = (data, size, size, size, False)
            return
        self.usual = b"\r" not in data and b"\0" not in data
        self.beyond = 0 if len(data) == len(text) else beyond_ascii(data)
        self.plain = _strand(data.replace(b"\n", b"\r\n") if b"\n" in data else data)

    def quote(self) -> Strand:
        """Encode it in quoted-printable."""
        self.quoted = _strand(_quoted(self.plain[0]))
        return self.quoted


class Threads:
    """The fixed pieces of templates, encoded when they are first met.

    Args:
        fixed: their texts; may still grow, while included templates are compiled.
    """

    __slots__ = ("_fixed", "_pieces", "_recent")

    def __init__(self, fixed: set[str]) -> None:
        self._fixed = fixed
        self._pieces: dict[str, Piece] = {}
        self._recent: dict[str, Piece] = {}

    def pieces(self, texts: Iterable[str]) -> list[Piece]:
        """The pieces of a text.

        Raises:
            UsageError: one of them cannot be encoded.
        """
        known = self._pieces
        recent = self._recent
        return [known.get(text) or recent.get(text) or self._piece(text) for text in texts]

    def _piece(self, text: str) -> Piece:
        try:
            piece = Piece(text)
        except UnicodeEncodeError as error:
            raise UsageError(f"a value cannot be encoded: {shown(text)} has half a surrogate pair") from error
        if text in self._fixed:
            self._pieces[text] = piece
        elif len(text) < _SHORT:
            # A name stands in the text and in the HTML, a city in many rows.
            if len(self._recent) >= _MANY:
                self._recent.clear()
            self._recent[text] = piece
        return piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """The words of one mail.

    Attributes:
        plain: the pieces of the text, or None.
        html: the pieces of the HTML, or None.
    """

    plain: Sequence[Piece] | None
    html: Sequence[Piece] | None

    def encoded(
        self, subtype: Literal["plain", "html"], offered: WireEncoding
    ) -> tuple[Transfer, bytes] | None:
        """A body as it travels; None when the composer has to encode it."""
        pieces = self.plain if subtype == "plain" else self.html
        return None if pieces is None else weave(pieces, offered)


def weave(pieces: Sequence[Piece], offered: WireEncoding) -> tuple[Transfer, bytes] | None:
    """The octets of a text and how they are encoded; None when the pieces cannot be encoded one by one."""
    beyond = size = 0
    for piece in pieces:
        if not piece.usual:
            return None
        beyond += piece.beyond
        size += len(piece.plain[0])
    transfer = None
    if not beyond or offered.eightbit:
        transfer = untouched(offered, is_ascii=not beyond, fits=_longest(pieces) <= LONGEST_LINE)
    if transfer is None:
        transfer = shorter(beyond, size)
    if transfer == "base64":
        return None  # its groups of three octets end where they like
    if transfer == "quoted-printable":
        body = _folded(pieces)
    else:
        body = b"".join([piece.plain[0] for piece in pieces])
    return transfer, body if body.endswith(b"\n") or not body else body + b"\r\n"


def _longest(pieces: Iterable[Piece]) -> int:
    """Octets of the longest line, across the seams."""
    column = longest = 0
    for piece in pieces:
        _, first, inner, last, breaks = piece.plain
        longest = max(longest, inner, column + first)
        column = last if breaks else column + last
    return longest


def _folded(pieces: Iterable[Piece]) -> bytes:
    """Pieces of quoted-printable, with a soft line break where a line would get too long."""
    written: list[bytes] = []
    column = 0
    for piece in pieces:
        data, first, _, last, breaks = piece.quoted or piece.quote()
        if column and column + first > _LONGEST_QUOTED:
            written.append(b"=\r\n")
            column = 0
        written.append(data)
        column = last if breaks else column + last
    return b"".join(written)


def _strand(data: bytes) -> Strand:
    if b"\n" not in data:
        size = len(data)
        return data, size, size, size, False
    lines = data.split(b"\r\n")
    return data, len(lines[0]), max(map(len, lines)), len(lines[-1]), len(lines) > 1


def _quoted(data: bytes) -> bytes:
    # Only behind a line end are soft ones written as CRLF.
    quoted = b2a_qp(b"\r\n" + data, istext=True)[2:]
    if len(quoted) - quoted.rfind(b"\n") - 1 <= _LONGEST_QUOTED:
        return quoted
    cut = -3 if quoted[-3:-2] == b"=" else -1
    return quoted[:cut] + b"=\r\n" + quoted[cut:]
