"""Octets to an `Outline`: header fields, boundaries and line ends, line by line (RFC 5322, RFC 2046 §5.1).

One pass, in pieces as they come. A reader of mail guesses what was meant; this one notes where guessing would
begin. What is remembered of a part is in `outline`, what is good or bad about it in the other modules.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING

from envoi.message.problems.outline import Field, Outline, Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["scan"]

_KEPT = 512 * 1024
"""Octets of a text that are looked at: five times of what Gmail shows."""
_LONGEST_LINE = 4 << 20
"""Octets after which a line is taken for two, so that a message without line ends needs no memory."""
_DEEPEST = 100
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")
_NOT_QUOTED_PRINTABLE = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*$)")
_DAMAGED = {"base64": _NOT_BASE64, "quoted-printable": _NOT_QUOTED_PRINTABLE}


def scan(pieces: Iterable[bytes]) -> Outline:
    """The outline of a message that comes in pieces."""
    scanner = _Scanner()
    for line in _lines(pieces):
        scanner.line(line)
    scanner.finish()
    return scanner.outline


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines with their newlines, wherever the pieces were cut."""
    rest = b""
    for piece in pieces:
        *whole, last = piece.split(b"\n")
        for line in whole:
            yield rest + line + b"\n"
            rest = b""
        rest += last
        if len(rest) > _LONGEST_LINE:
            yield rest
            rest = b""
    if rest:
        yield rest


class _State(Enum):
    HEADER = auto()
    BODY = auto()
    BETWEEN = auto()
    """Before the first part of a multipart, or after its last one."""


class _Scanner:
    """Where in the message we are."""

    __slots__ = ("_field", "_last_end", "_open", "_part", "_state", "outline")

    def __init__(self) -> None:
        self.outline = Outline()
        self._open: list[tuple[bytes, Part]] = []
        self._part = self.outline.root
        self._state = _State.HEADER
        self._field: list[bytes] = []
        self._last_end = 0

    def line(self, line: bytes) -> None:
        bare = self._without_end(line)
        first = self.outline.size == 0
        self.outline.size += len(line)
        if bare.startswith(b"--") and self._boundary(bare.rstrip(b" \t")):
            return
        if self._state is _State.HEADER:
            self._header(bare, len(line), first=first)
        elif self._state is _State.BODY:
            self._body(self._part, bare, line)
        elif len(self._open) == 1 and self._open[0][1].closed:
            self.outline.unseen += len(bare.strip())

    def finish(self) -> None:
        if self._state is _State.HEADER:
            self._end_header()
        for part in self.outline.root.walk():
            _number(part)

    def _without_end(self, line: bytes) -> bytes:
        lines = self.outline.lines
        if line.endswith(b"\r\n"):
            lines.crlf += 1
            bare = line[:-2]
        else:
            lines.lf += line.endswith(b"\n")
            bare = line.removesuffix(b"\n")
        if b"\r" in bare:
            lines.cr += bare.count(b"\r")
        if b"\0" in bare:
            lines.nul += bare.count(b"\0")
        return bare

    def _boundary(self, line: bytes) -> bool:
        for at in range(len(self._open) - 1, -1, -1):
            boundary, part = self._open[at]
            if line.startswith(boundary) and line[len(boundary) :] in (b"", b"--"):
                if self._state is _State.HEADER:
                    self._end_header()
                elif self._state is _State.BODY:
                    self._take_back(self._part)
                del self._open[at + 1 :]
                if line == boundary:
                    self._begin(part)
                else:
                    part.closed = True
                    self._state = _State.BETWEEN
                return True
        return False

    def _take_back(self, part: Part) -> None:
        """Take from a body the line end before a boundary, which belongs to that (RFC 2046 §5.1.1)."""
        if part.octets:
            is_whole = len(part.kept) == part.octets
            part.octets -= self._last_end
            if is_whole:
                del part.kept[part.octets :]

    def _begin(self, parent: Part) -> None:
        self._part = Part(depth=parent.depth + 1)
        parent.parts.append(self._part)
        self._state = _State.HEADER

    def _header(self, line: bytes, octets: int, *, first: bool) -> None:
        if self._part is self.outline.root:
            self.outline.header_size += octets
        if line[:1] in (b" ", b"\t") and self._field:
            self._field.append(line)
        elif _FIELD.match(line):
            self._end_field()
            self._field = [line]
        elif not line:
            self._end_header()
        elif first and line.startswith(b"From "):
            self.outline.mbox = True
        else:
            self._end_header()
            self.outline.header_break = self.outline.header_break or line
            if self._state is _State.BODY:
                self._body(self._part, line, line + b"\r\n")

    def _end_field(self) -> None:
        if self._field:
            name = self._field[0].partition(b":")[0].rstrip().decode("ascii", "replace")
            self._part.fields.append(Field(name=name, lines=tuple(self._field)))
        self._field = []

    def _end_header(self) -> None:
        self._end_field()
        self._state = _State.BODY
        part = self._part
        digest = bool(self._open) and self._open[-1][1].kind == "multipart/digest"
        part.read_header("message/rfc822" if digest else "text/plain")
        if part.is_multipart and part.boundary and len(self._open) < _DEEPEST:
            self._open.append((b"--" + part.boundary.encode("utf-8", "replace"), part))
            self._state = _State.BETWEEN

    def _body(self, part: Part, bare: bytes, line: bytes) -> None:
        self._last_end = len(line) - len(bare)
        part.octets += len(line)
        part.longest = max(part.longest, len(bare))
        part.eightbit = part.eightbit or not bare.isascii()
        if len(part.kept) < _KEPT and part.kind.startswith("text/"):
            part.kept += line
        wrong = _DAMAGED.get(part.transfer)
        if wrong is not None and wrong.search(bare):
            part.damaged += 1


def _number(part: Part) -> None:
    for at, inner in enumerate(part.parts, 1):
        inner.number = f"{part.number}.{at}" if part.number else str(at)
