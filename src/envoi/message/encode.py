"""Transfer encodings (RFC 2045 §6): which one a body gets, and the encoding itself, fast.

Text gets what its content and the server allow; attachments are base64 unless binary may travel as it is.
Base64 is cut into lines by unpacking blocks that stay in the processor's cache, at 1.4 times the cost of the
bare encoding. Where the octets come from is `source`, what stands around them `parts`.
"""

from __future__ import annotations

from binascii import b2a_base64, b2a_qp
from struct import Struct
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envoi.message.content import WireEncoding

__all__ = [
    "LONGEST_LINE",
    "Base64",
    "Transfer",
    "base64",
    "base64_size",
    "beyond_ascii",
    "choose",
    "encode_text",
    "encoded",
    "normalised",
    "shorter",
    "untouched",
]

Transfer = Literal["7bit", "8bit", "quoted-printable", "base64", "binary"]

_IN, _OUT = 57, 76
"""Octets before and after, of a full line of base64."""
_LINES = 256
"""Lines that are cut at once: more of them would leave the cache before they are joined."""
_BLOCK, _FEW = Struct("0s" + "76s" * _LINES), Struct("76s" * 16)
"""How to cut; the empty string in front becomes the line end before a block when all is joined."""
_ASCII = bytes(range(128))
LONGEST_LINE = 998
"""Octets of a line without its end (RFC 5322 §2.1.1)."""
_MOSTLY_ASCII = 6
"""With at most one octet in six above 127, quoted-printable is shorter than base64, and can be read."""


def normalised(text: str) -> bytes:
    """The text in UTF-8, every line end CRLF, the last line ended as well (RFC 5322 §2.3)."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text and not text.endswith("\n"):
        text += "\n"
    return text.encode().replace(b"\n", b"\r\n")


def choose(data: bytes, offered: WireEncoding) -> Transfer:
    """How normalised text travels."""
    fits = b"\0" not in data and not _has_long_line(data)
    return untouched(offered, is_ascii=data.isascii(), fits=fits) or shorter(beyond_ascii(data), len(data))


def untouched(offered: WireEncoding, *, is_ascii: bool, fits: bool) -> Transfer | None:
    """How a text travels that needs no look at its characters; None when it must be encoded.

    Args:
        offered: what the server takes.
        is_ascii: it has no octet above 127.
        fits: it has no NUL, and no line of more than 998 octets.
    """
    if is_ascii:
        return "7bit" if fits else "quoted-printable"
    return "8bit" if fits and offered.eightbit else None


def shorter(beyond: int, size: int) -> Transfer:
    """The encoding for a text of so many octets, of which `beyond` are above 127."""
    return "quoted-printable" if beyond * _MOSTLY_ASCII <= size else "base64"


def beyond_ascii(data: bytes) -> int:
    """How many octets of a text in UTF-8 are above 127."""
    return len(data.translate(None, _ASCII))


def encode_text(data: bytes, transfer: Transfer) -> bytes:
    """Normalised text in the chosen encoding."""
    if transfer == "quoted-printable":
        return b2a_qp(data, istext=True)
    if transfer == "base64":
        return base64(data)
    return data


def base64(data: bytes) -> bytes:
    """Lines of base64, parted by CRLF, the last one without (it belongs to what follows)."""
    return b"".join(_blocks(data))[2:]


def base64_size(size: int) -> int:
    """The octets that `base64` makes of so many."""
    length = (size + 2) // 3 * 4
    return length + max((length - 1) // _OUT, 0) * 2


class Base64:
    """Base64 of a stream: the blocks that `feed` and `finish` give, joined, are what `base64` gives."""

    __slots__ = ("_begun", "_rest")

    def __init__(self) -> None:
        self._begun = False
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The lines that are full now; to be taken before the next piece is fed."""
        data = self._rest + piece if self._rest else piece
        end = len(data) - len(data) % _IN
        self._rest = data[end:]
        return self._written(memoryview(data)[:end])

    def finish(self) -> Iterator[bytes]:
        """The last line."""
        return self._written(self._rest)

    def _written(self, data: bytes | memoryview) -> Iterator[bytes]:
        blocks = _blocks(data)
        if not self._begun and (first := next(blocks, None)) is not None:
            self._begun = True
            yield first[2:]
        yield from blocks


def encoded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The base64 of a stream, in blocks of some 20 KiB."""
    encoder = Base64()
    for piece in pieces:
        yield from encoder.feed(piece)
    yield from encoder.finish()


def _blocks(data: bytes | memoryview) -> Iterator[bytes]:
    """Lines of base64, many at once, with a line end before each."""
    view = memoryview(data)
    step = _IN * _LINES
    whole = len(view) - len(view) % step
    for at in range(0, whole, step):
        yield b"\r\n".join(_BLOCK.unpack(b2a_base64(view[at : at + step], newline=False)))
    if whole < len(view):
        yield b"\r\n".join(_cut(b2a_base64(view[whole:], newline=False)))


def _cut(encoded: bytes) -> list[bytes]:
    """The lines of the last block, and the empty string in front."""
    lines = [b""]
    few = len(encoded) - len(encoded) % _FEW.size
    for at in range(0, few, _FEW.size):
        lines += _FEW.unpack_from(encoded, at)
    lines += [encoded[at : at + _OUT] for at in range(few, len(encoded), _OUT)]
    return lines


def _has_long_line(data: bytes) -> bool:
    """Whether a line has more than 998 octets, in steps as long as a line may be."""
    position, end = 0, len(data)
    while end - position > LONGEST_LINE + 2:
        position = data.rfind(b"\n", position, position + LONGEST_LINE + 2) + 1
        if not position:
            return True
    return False
