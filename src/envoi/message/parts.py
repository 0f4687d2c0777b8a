"""The parts of a message and what they become: a tree flattened into pieces (RFC 2046, RFC 2387).

A piece is bytes that are ready, or a `Stream` that reads and encodes while it is sent; so the size is known
beforehand and no attachment is ever whole in memory. Boundaries are unforeseeable, and are checked against
every body that travels as it is. Which parts a message has is decided in `compose`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envoi.message.encode import Base64, base64_size, encoded
from envoi.message.shared import SharedSource
from envoi.message.source import BytesSource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from envoi.message.content import Content, WireEncoding
    from envoi.message.source import Source

__all__ = [
    "EncodedStream",
    "Leaf",
    "MessageStream",
    "Multipart",
    "Node",
    "Piece",
    "Plan",
    "Stream",
    "flatten",
]


@dataclass(frozen=True, slots=True)
class EncodedStream:
    """A source that is encoded while it is read: base64, or as it is when `binary`."""

    source: Source
    binary: bool

    @property
    def size(self) -> int | None:
        """Octets after encoding, when the source knows its own."""
        size = self.source.size
        return size if size is None or self.binary else base64_size(size)

    @property
    def is_async(self) -> bool:
        """Whether only `achunks` works."""
        return self.source.is_async

    def prepare(self) -> None:
        """Do now what is done once for many mails."""
        if isinstance(self.source, SharedSource) and not self.binary:
            self.source.encoded()

    def chunks(self) -> Iterator[bytes]:
        """The encoded octets."""
        if self.binary:
            return self.source.chunks()
        if isinstance(self.source, SharedSource):
            return iter(self.source.encoded())
        if isinstance(self.source, BytesSource):
            return encoded((self.source.data,))  # which copies nothing
        return encoded(self.source.chunks())

    async def achunks(self) -> AsyncIterator[bytes]:
        """The same, waiting where the source needs it."""
        if not self.source.is_async:
            for piece in self.chunks():
                yield piece
            return
        if self.binary:
            async for piece in self.source.achunks():
                yield piece
            return
        encoder = Base64()
        async for piece in self.source.achunks():
            for written in encoder.feed(piece):
                yield written
        for written in encoder.finish():
            yield written


@dataclass(frozen=True, slots=True)
class MessageStream:
    """A message inside another one; it brings its own encodings (RFC 2046 §5.2.1 forbids any around it)."""

    content: Content
    encoding: WireEncoding

    @property
    def size(self) -> int | None:
        """Octets, when the message knows."""
        return self.content.size(self.encoding)

    @property
    def is_async(self) -> bool:
        """Whether only `achunks` works."""
        return self.content.is_async

    def chunks(self) -> Iterator[bytes]:
        """The octets of the message."""
        return self.content.chunks(self.encoding)

    def achunks(self) -> AsyncIterator[bytes]:
        """The same, waiting where its attachments need it."""
        return self.content.achunks(self.encoding)


Stream = EncodedStream | MessageStream
Piece = bytes | Stream


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part with a body. `fields` are its header fields; `verbatim` says that the body is not encoded."""

    fields: str
    body: Piece
    verbatim: bool = False


@dataclass(frozen=True, slots=True)
class Multipart:
    """Parts within a part: mixed, alternative, related."""

    subtype: str
    parts: tuple[Node, ...]
    parameters: tuple[tuple[str, str], ...] = ()


Node = Leaf | Multipart


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole message as pieces, in order."""

    pieces: tuple[Piece, ...]

    @property
    def size(self) -> int | None:
        """Octets in all; None when a stream does not know."""
        total = 0
        for piece in self.pieces:
            size = len(piece) if isinstance(piece, bytes) else piece.size
            if size is None:
                return None
            total += size
        return total

    @property
    def is_async(self) -> bool:
        """Whether a piece needs an asynchronous reader."""
        return any(not isinstance(piece, bytes) and piece.is_async for piece in self.pieces)

    def prepare(self) -> None:
        """Do now what is done once for many mails, before one of them is sent."""
        for piece in self.pieces:
            if isinstance(piece, EncodedStream):
                piece.prepare()

    def chunks(self) -> Iterator[bytes]:
        """The octets."""
        if len(self.pieces) == 1 and isinstance(self.pieces[0], bytes):
            return iter((self.pieces[0],))
        return self._streamed()

    async def achunks(self) -> AsyncIterator[bytes]:
        """The same, waiting where a source needs it."""
        for piece in self.pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                async for chunk in piece.achunks():
                    yield chunk

    def _streamed(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                yield from piece.chunks()


def flatten(header: str, root: Node, token: str) -> Plan:
    """The message of a header and a part.

    Args:
        header: the fields of the message, each with its line end.
        root: the part that they belong to.
        token: unforeseeable letters and digits for the boundaries.
    """
    if isinstance(root, Leaf) and isinstance(root.body, bytes):
        end = b"" if not root.body or root.body.endswith(b"\n") else b"\r\n"
        return Plan((b"%b%b\r\n%b%b" % (header.encode(), root.fields.encode(), root.body, end),))
    writer = _Writer(_absent(token, root))
    writer.node(root, header)
    writer.text("\r\n")
    return Plan(writer.finish())


class _Writer:
    """Collects pieces, bytes next to bytes joined."""

    __slots__ = ("_count", "_held", "_pieces", "_token")

    def __init__(self, token: str) -> None:
        self._token = token
        self._count = 0
        self._held: list[bytes] = []
        self._pieces: list[Piece] = []

    def text(self, text: str) -> None:
        self._held.append(text.encode())

    def node(self, node: Node, before: str = "") -> None:
        if isinstance(node, Multipart):
            self._multipart(node, before)
            return
        self._held.append(f"{before}{node.fields}\r\n".encode())
        if isinstance(node.body, bytes):
            self._held.append(node.body)
        else:
            self._flush()
            self._pieces.append(node.body)

    def finish(self) -> tuple[Piece, ...]:
        self._flush()
        return tuple(self._pieces)

    def _multipart(self, node: Multipart, before: str) -> None:
        self._count += 1
        boundary = f"=_{self._count}_{self._token}"  # "=_" cannot occur in base64 or quoted-printable
        # Not by way of `parameters`, which remembers what it wrote: a boundary is never seen again.
        known = "".join([f' {name}="{value}";' for name, value in node.parameters])
        before += f'Content-Type: multipart/{node.subtype};{known}\r\n boundary="{boundary}"\r\n'
        for part in node.parts:
            self.node(part, f"{before}\r\n--{boundary}\r\n")
            before = ""
        self.text(f"\r\n--{boundary}--")

    def _flush(self) -> None:
        if self._held:
            self._pieces.append(b"".join(self._held))
            self._held.clear()


def _absent(token: str, root: Node) -> str:
    """The token, lengthened until no body that travels as it is contains it."""
    bodies = _verbatim(root)
    found, count = token, 0
    while bodies and any(found.encode() in body for body in bodies):
        count += 1
        found = f"{token}x{count}"
    return found


def _verbatim(node: Node) -> list[bytes]:
    if isinstance(node, Multipart):
        return [body for part in node.parts for body in _verbatim(part)]
    return [node.body] if node.verbatim and isinstance(node.body, bytes) else []
