"""The parts of a report: a message cut at its boundaries, as far as a report needs it (RFC 2046 §5.1).

Bounded on every side, for reports come from anybody: depth, number of parts, octets that are looked at. An
attached message stays closed, so that a mail with a bounce attached is no bounce. Nothing raises. What the
parts say is read in the other modules; the whole of MIME is in `envoi.message.reading`.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, a2b_qp
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envoi.message.reports.fields import Fields, decoded, read_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Part", "header_of", "read_parts"]

_LONGEST_HEADER = 256 * 1024
_LONGEST_BODY = 512 * 1024
"""Octets of a part that are looked at; a status for a thousand recipients has half of it."""
_LARGEST = 4 * 1024 * 1024
"""Octets of a message that are searched for boundaries: what matters stands before what was returned."""
_MOST_PARTS = 100
_DEEPEST = 5
_END_OF_HEADER = re.compile(rb"(?:\A|\r?\n)\r?\n")
_KIND = re.compile(r"[!#-'*+.0-9A-Z^_`a-z{|}~-]+/[!#-'*+.0-9A-Z^_`a-z{|}~-]+")
_PARAMETER = re.compile(r';[ \t]*([!#-\'*+.0-9A-Z^_`a-z{|}~-]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^\s;]+)')
_ESCAPED = re.compile(r"\\(.)")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the message, or the message as one.

    Attributes:
        fields: its header.
        kind: its media type, in lower case.
        parameters: those of the type, with names in lower case.
        body: what follows the header, as it travels; cut when it is long, empty for a multipart.
        parts: those in it.
    """

    fields: Fields
    kind: str
    parameters: dict[str, str]
    body: bytes
    parts: tuple[Part, ...] = ()

    def walk(self) -> Iterator[Part]:
        """This part and those in it."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def find(self, *kinds: str) -> Part | None:
        """The first part, in order, of one of these types."""
        return next((part for part in self.walk() if part.kind in kinds), None)

    @property
    def text(self) -> str:
        """The body decoded, with newlines as line ends."""
        text = decoded(self._octets(), self.parameters.get("charset", "utf-8"))
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def _octets(self) -> bytes:
        transfer = self.fields.first("Content-Transfer-Encoding").lower()
        if transfer.startswith("quoted-printable"):
            return a2b_qp(self.body)
        if transfer.startswith("base64"):
            octets = _NOT_BASE64.sub(b"", self.body)
            return a2b_base64(octets[: len(octets) - (len(octets) % 4 == 1)] + b"==")
        return self.body


def header_of(raw: bytes) -> bytes:
    """The header of a message, without the blank line that ends it; all of it when there is none."""
    found = _END_OF_HEADER.search(raw, 0, _LONGEST_HEADER)
    return raw[: found.start() if found else _LONGEST_HEADER]


def read_parts(raw: bytes) -> Part:
    """The message, cut into its parts."""
    return _Cutter().part(raw[:_LARGEST], 0)


class _Cutter:
    """Cuts until there are parts enough."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = _MOST_PARTS

    def part(self, octets: bytes, depth: int) -> Part:
        found = _END_OF_HEADER.search(octets, 0, _LONGEST_HEADER)
        end, start = found.span() if found else (_LONGEST_HEADER, len(octets))
        fields = read_fields(octets[:end].decode("utf-8", "replace"))
        said = fields.first("Content-Type")
        kind = _KIND.match(said)
        parameters = {name.lower(): _unquoted(value) for name, value in _PARAMETER.findall(said)}
        boundary = parameters.get("boundary") if said.lower().startswith("multipart/") else None
        parts = tuple(self._inside(octets, start, boundary, depth)) if boundary and depth < _DEEPEST else ()
        return Part(
            fields=fields,
            kind=kind[0].lower() if kind else "text/plain",
            parameters=parameters,
            body=b"" if parts else octets[start : start + _LONGEST_BODY],
            parts=parts,
        )

    def _inside(self, octets: bytes, start: int, boundary: str, depth: int) -> Iterator[Part]:
        escaped = re.escape(boundary.encode("utf-8", "replace"))
        between = re.compile(rb"^--%b(--)?[ \t]*\r?$" % escaped, re.MULTILINE)
        begun: int | None = None
        for line in between.finditer(octets, start):
            if begun is not None:
                yield self.part(octets[begun : _without_end(octets, line.start())], depth + 1)
            begun = None if line[1] else line.end() + 1
            if begun is None or not self._left:
                return
            self._left -= 1
        if begun is not None:  # cut off, or its writer forgot the end
            yield self.part(octets[begun:], depth + 1)


def _without_end(octets: bytes, at: int) -> int:
    """Where the line ends before a boundary, whose line end is the boundary's (RFC 2046 §5.1.1)."""
    return max(at - (2 if octets[max(at - 2, 0) : at] == b"\r\n" else 1), 0)


def _unquoted(value: str) -> str:
    return _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value
