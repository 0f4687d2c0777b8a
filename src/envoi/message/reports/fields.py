"""Header fields of reports, read leniently: of messages, and of groups that make up a status (RFC 3464 §2.1).

What is no field is passed over, and nothing raises: whoever bounces mail writes what they like. The time is
linear in the octets. Parts of a message are found in `structure`; what a field means is known elsewhere.
"""

from __future__ import annotations

import codecs
import re
from binascii import Error as NotBase64
from binascii import a2b_base64, a2b_qp
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Fields", "decoded", "decoded_words", "instant", "read_fields", "read_groups"]

_FIELD = re.compile(r"([!-9;-~]{1,80})[ \t]*:[ \t]*(.*)")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bqBQ])\?([^?\s]*)\?=(?:[ \t]+(?==\?))?")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LONGEST_VALUE = 4000
_LONGEST_DATE = 100
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
"""Codecs of Python's that are no character sets of mail; punycode takes time that grows with the square."""


class Fields:
    """Fields by name, whatever its case; values are unfolded and of bounded length."""

    __slots__ = ("_values",)

    def __init__(self, pairs: Iterator[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name.lower(), []).append(value)

    def all(self, name: str) -> tuple[str, ...]:
        """The values of the fields of this name."""
        return tuple(self._values.get(name.lower(), ()))

    def first(self, name: str) -> str:
        """The first of them, or nothing."""
        return next(iter(self._values.get(name.lower(), ())), "")

    def others(self, known: frozenset[str]) -> tuple[tuple[str, str], ...]:
        """Names, in lower case, and values of the fields whose names are not among the known ones."""
        return tuple(
            (name, value) for name, values in self._values.items() if name not in known for value in values
        )

    def __bool__(self) -> bool:
        return bool(self._values)


def read_fields(text: str) -> Fields:
    """The fields of a header, given without the blank line that ends it, with any line ends."""
    return Fields(_pairs(text.replace("\r\n", "\n")))


def read_groups(text: str) -> tuple[Fields, ...]:
    """Groups of fields with blank lines between them."""
    return tuple(filter(None, map(read_fields, _BLANK_LINE.split(text))))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    name, lines = "", [""]
    for line in text.split("\n"):
        if line[:1] in (" ", "\t"):
            lines.append(line.strip())
            continue
        if name:
            yield name, _value(lines)
        found = _FIELD.match(line)
        name, lines = (found[1], [found[2].rstrip()]) if found else ("", [""])
    if name:
        yield name, _value(lines)


def _value(lines: list[str]) -> str:
    return _CONTROLS.sub(" ", " ".join(lines)).strip()[:_LONGEST_VALUE]


def decoded(octets: bytes, charset: str) -> str:
    """The text that octets are; as UTF-8 when nobody knows the character set, and without half surrogates."""
    try:
        known = codecs.lookup(charset)
        if known.name in _NO_CHARSETS:
            raise LookupError(charset)
        text = octets.decode(known.name, "replace")
    except (LookupError, ValueError):
        text = octets.decode("utf-8", "replace")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def decoded_words(value: str) -> str:
    """The value with its encoded words decoded (RFC 2047)."""
    return _WORD.sub(_decoded_word, value)


def _decoded_word(found: re.Match[str]) -> str:
    charset = found[1].partition("*")[0]
    written = found[3].encode("utf-8")
    if found[2] in "qQ":
        return decoded(a2b_qp(written, header=True), charset)
    try:
        return decoded(a2b_base64(written), charset)
    except NotBase64:
        return found[0]


def instant(value: str) -> datetime | None:
    """The date of a field, when it is one; UTC when it has no zone."""
    try:
        found = parsedate_to_datetime(value[:_LONGEST_DATE])
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found.replace(tzinfo=UTC) if found.utcoffset() is None else found
