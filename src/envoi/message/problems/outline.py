"""A message as the checks see it: header fields as they stand, the tree of parts, and counts of octets.

Written for broken messages: nothing raises, nothing is repaired. What was odd on the way is counted, so that
a check can say so. Texts are kept, attachments only counted: memory does not grow with the message. Lines are
read into this shape by `scanner`.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, a2b_qp
from codecs import lookup
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Field", "Lines", "Outline", "Part", "decoded"]

_T = TypeVar("_T")
_LONGEST_VALUE = 4000
"""Characters of a field that the standard library is given: its time grows with their square."""
_LONGEST_ENCODING = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A header field.

    Attributes:
        name: as it is written.
        lines: its lines as they stand, without their ends; the first one begins with the name.
    """

    name: str
    lines: tuple[bytes, ...]

    @property
    def raw(self) -> bytes:
        """The value, unfolded."""
        return b"".join(self.lines).partition(b":")[2].strip()

    @property
    def text(self) -> str:
        """The value, unfolded, tabs as spaces; encoded words as they stand."""
        return self.raw.decode("utf-8", "replace").replace("\t", " ")


@dataclass(slots=True, kw_only=True)
class Part:
    """A part of the message, or the message as one. It grows while the message is read, and not later.

    Attributes:
        number: as IMAP counts (RFC 9051 §6.4.5): "1.2"; empty for a message of several parts.
        fields: its header.
        depth: how many parts it is in.
        parts: those in it.
        closed: for a multipart, whether its last boundary was found.
        octets: the length of its body, as it travels.
        longest: the longest line of the body, without its end.
        eightbit: whether the body has octets above 127.
        kept: the beginning of the body of a text.
        damaged: lines that are not in the encoding that the part claims.
    """

    number: str = ""
    fields: list[Field] = field(default_factory=list[Field])
    depth: int = 0
    parts: list[Part] = field(default_factory=list["Part"])
    closed: bool = False
    octets: int = 0
    longest: int = 0
    eightbit: bool = False
    kept: bytearray = field(default_factory=bytearray)
    damaged: int = 0
    kind: str = "text/plain"
    disposition: str = ""
    filename: str | None = None
    boundary: str | None = None
    charset: str | None = None
    flowed: bool = False
    transfer: str = "7bit"

    def read_header(self, default: str = "text/plain") -> None:
        """Take from the header, once it is complete, what the type and its parameters are."""
        mime = Message()
        mime.set_default_type(default)
        for name in ("Content-Type", "Content-Disposition"):
            if found := self.all(name):
                mime[name] = found[0].text[:_LONGEST_VALUE]
        self.kind = _safely(mime.get_content_type, default)
        self.disposition = _safely(mime.get_content_disposition, None) or ""
        self.filename = _safely(mime.get_filename, None)
        self.boundary = _safely(mime.get_boundary, None)
        self.charset = _safely(mime.get_content_charset, None)
        self.flowed = _safely(lambda: str(mime.get_param("format")).lower() == "flowed", False)
        transfer = self.value("Content-Transfer-Encoding")[:_LONGEST_ENCODING]
        self.transfer = re.sub(r"\(.*?\)", "", transfer).strip().lower() or "7bit"

    def all(self, name: str) -> list[Field]:
        """Its fields of this name."""
        return [one for one in self.fields if one.name.lower() == name.lower()]

    def value(self, name: str) -> str:
        """The first of them as text, or nothing."""
        return next((one.text for one in self.fields if one.name.lower() == name.lower()), "")

    def walk(self) -> Iterator[Part]:
        """This part and those in it."""
        yield self
        for part in self.parts:
            yield from part.walk()

    @property
    def is_multipart(self) -> bool:
        """Whether it says that it has parts."""
        return self.kind.startswith("multipart/")

    @property
    def is_body(self) -> bool:
        """Whether it is a text to be read, not a file."""
        return (
            self.kind in ("text/plain", "text/html")
            and self.disposition != "attachment"
            and not self.filename
        )

    @property
    def content_id(self) -> str:
        """Its Content-ID without angle brackets."""
        return self.value("Content-ID").strip().strip("<>")

    @property
    def where(self) -> str:
        """How people find it."""
        place = f"part {self.number}, {self.kind}" if self.number and self.depth else self.kind
        return f"{place}, {self.filename}" if self.filename else place

    def content(self) -> bytes:
        """The kept text without its transfer encoding."""
        data = bytes(self.kept)
        if self.transfer == "quoted-printable":
            return a2b_qp(data)
        if self.transfer == "base64":
            return _base64(data)
        return data

    def text(self) -> str:
        """The kept text; what cannot be decoded is replaced."""
        try:
            lookup(self.charset or "utf-8")
            return self.content().decode(self.charset or "utf-8", "replace")
        except (LookupError, ValueError):  # a charset nobody knows, or one that is no charset
            return self.content().decode("utf-8", "replace")


@dataclass(slots=True, kw_only=True)
class Lines:
    """How the lines of the message end.

    Attributes:
        crlf: lines that end as they should.
        lf: lines that end in a newline alone.
        cr: carriage returns without a newline.
        nul: octets of value 0.
    """

    crlf: int = 0
    lf: int = 0
    cr: int = 0
    nul: int = 0


@dataclass(slots=True, kw_only=True)
class Outline:
    """The message.

    Attributes:
        root: the part that is everything.
        lines: how its lines end.
        size: octets in all.
        header_size: octets of its header.
        header_break: the line that ended the header though it was not empty.
        mbox: whether a line of an mbox file stands before the header.
        unseen: octets of text after the last boundary, which no reader shows.
    """

    root: Part = field(default_factory=Part)
    lines: Lines = field(default_factory=Lines)
    size: int = 0
    header_size: int = 0
    header_break: bytes | None = None
    mbox: bool = False
    unseen: int = 0

    @property
    def leaves(self) -> list[Part]:
        """The parts that have no parts."""
        return [part for part in self.root.walk() if not part.is_multipart]

    @property
    def bodies(self) -> list[Part]:
        """The texts that are read, not saved."""
        return [part for part in self.leaves if part.is_body]


def decoded(text: str) -> str:
    """A header value with its encoded words decoded (RFC 2047), those excepted that nobody can decode."""
    try:
        return str(make_header(decode_header(text)))
    except (LookupError, ValueError, HeaderParseError):
        return text


def _base64(data: bytes) -> bytes:
    octets = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    # With the alphabet and the length right nothing is left that could raise.
    return a2b_base64(octets[: len(octets) - (len(octets) % 4 == 1)] + b"==")


def _safely(call: Callable[[], _T], otherwise: _T) -> _T:
    """What the standard library makes of a header; some broken ones make it raise."""
    try:
        return call()
    except (ValueError, LookupError, TypeError, AttributeError, HeaderParseError):
        return otherwise
