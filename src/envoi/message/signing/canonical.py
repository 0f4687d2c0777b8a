"""What a DKIM signature covers, in its relaxed form (RFC 6376 §3.4.2 and §3.4.4).

`MessageReader` takes a message in pieces of any size, keeps its header and hashes its body. It sees the
octets as they will be on the wire: line ends are made CRLF first, as SMTP will do. All work is done on whole
pieces by operations of `bytes`; base64 costs two searches for blanks. Which fields are signed is in `dkim`.
"""

from __future__ import annotations

from hashlib import sha256

__all__ = ["MessageReader", "RelaxedBody", "relaxed_fields"]

_LINES = 4096
_EMPTY_LINES = b"\r\n" * _LINES


class MessageReader:
    """Splits a message into its header and the hash of its body."""

    __slots__ = ("_body", "_buffer", "_held", "header")

    def __init__(self) -> None:
        self.header: bytes | None = None
        """The fields with CRLF line ends, the last one without; None until the blank line was seen."""
        self._body = RelaxedBody()
        self._buffer = bytearray()
        self._held = b""

    def feed(self, piece: bytes) -> None:
        """Take the next octets."""
        data = self._held + piece if self._held else piece
        # A carriage return may be half of a line end: it waits for what follows.
        self._held = b"\r" if data.endswith(b"\r") else b""
        self._read(_with_crlf(data[:-1] if self._held else data))

    def finish(self) -> tuple[bytes, bytes]:
        """The header, and the SHA-256 hash of the body."""
        if self._held:
            self._read(b"\r\n")
        if self.header is None:
            return bytes(self._buffer).removesuffix(b"\r\n"), self._body.digest()
        return self.header, self._body.digest()

    def _read(self, data: bytes) -> None:
        if self.header is not None:
            self._body.feed(data)
            return
        searched = max(len(self._buffer) - 3, 0)
        self._buffer += data
        end = 0 if self._buffer.startswith(b"\r\n") else self._buffer.find(b"\r\n\r\n", searched)
        if end < 0:
            return
        self.header = bytes(self._buffer[:end])
        self._body.feed(bytes(self._buffer[end + (4 if end else 2) :]))
        self._buffer.clear()


class RelaxedBody:
    """The SHA-256 hash of a body in relaxed form; every line end fed is a whole CRLF."""

    __slots__ = ("_blank", "_empty_lines", "_hash", "_nothing")

    def __init__(self) -> None:
        self._hash = sha256()
        self._nothing = True
        self._blank = False
        self._empty_lines = 0

    def feed(self, data: bytes) -> None:
        """Take the next octets."""
        # Blanks and line ends at the end of a piece wait: they may turn out to be nothing.
        collapsed = _collapsed(b" " + data if self._blank else data)
        self._blank = collapsed.endswith(b" ")
        if self._blank:
            collapsed = collapsed[:-1]
        text = collapsed.rstrip(b"\r\n")
        if text:
            self._write_empty_lines()
            self._hash.update(text)
            self._nothing = False
        self._empty_lines += (len(collapsed) - len(text)) // 2

    def digest(self) -> bytes:
        """The 32 octets of `bh=`; nothing can be fed any more."""
        if not self._nothing:
            self._hash.update(b"\r\n")
        return self._hash.digest()

    def _write_empty_lines(self) -> None:
        while self._empty_lines:
            lines = min(self._empty_lines, _LINES)
            self._hash.update(_EMPTY_LINES[: 2 * lines])
            self._empty_lines -= lines


def relaxed_fields(header: bytes) -> tuple[tuple[bytes, ...], list[bytes]]:
    """The fields of a header in their order: the names in lower case; the fields in relaxed form, with CRLF.

    Args:
        header: fields with CRLF line ends.
    """
    unfolded = _collapsed(header.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" "))
    names: list[bytes] = []
    fields: list[bytes] = []
    for line in unfolded.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            name = name.rstrip(b" ").lower()
            names.append(name)
            fields.append(b"%b:%b\r\n" % (name, value.strip(b" ")))
    return tuple(names), fields


def _collapsed(data: bytes) -> bytes:
    """Runs of spaces and tabs made one space, and none before a line end."""
    if b"\t" in data:
        data = data.replace(b"\t", b" ")
    if b" " in data:
        while b"  " in data:
            data = data.replace(b"  ", b" ")
        data = data.replace(b" \r\n", b"\r\n")
    return data


def _with_crlf(data: bytes) -> bytes:
    pairs = data.count(b"\r\n")
    if data.count(b"\n") == pairs and data.count(b"\r") == pairs:
        return data
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
