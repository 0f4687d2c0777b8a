"""What a caller asked for, as 32 octets: the same key for something else is then a conflict.

What is drawn anew each time a message is made does not count: `Date`, `Message-ID`, signatures, and the
tokens of boundaries, ours and the standard library's. Fed while the octets pass by, so that nothing is read
twice.
"""

from __future__ import annotations

import re
from hashlib import sha256

__all__ = ["Fingerprint"]

_GENERATED = re.compile(
    rb"^(?:date|message-id|dkim-signature)[ \t]*:.*(?:\r?\n[ \t].*)*\r?\n", re.IGNORECASE | re.MULTILINE
)
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n")
#: How the standard library draws boundaries.
_BOUNDARY = re.compile(rb"={15}[0-9]+==")
#: No header is longer; what comes after is content.
_LONGEST_HEADER = 1 << 20


class Fingerprint:
    """SHA-256 of an envelope and of a message that passes by in pieces.

    Args:
        about: everything that counts beside the message.
        token: what the message's own boundaries and identifiers are made of; empty for nothing.
    """

    __slots__ = ("_hash", "_header", "_token")

    def __init__(self, about: str, token: str = "") -> None:
        self._hash = sha256(about.encode() + b"\0")
        self._token = token.encode()
        self._header: bytes | None = b""

    def feed(self, piece: bytes) -> None:
        """Take the next octets of the message."""
        if self._header is None:
            self._hash.update(self._without_tokens(piece))
            return
        self._header += piece
        end = _END_OF_HEADER.search(self._header)
        if end is not None or len(self._header) > _LONGEST_HEADER:
            self._end_header(len(self._header) if end is None else end.start() + 1)

    def finish(self) -> bytes:
        """Return the 32 octets."""
        if self._header is not None:
            self._end_header(len(self._header))
        return self._hash.digest()

    def _end_header(self, end: int) -> None:
        passed, self._header = self._header or b"", None
        # The line end of the last field belongs to it.
        header, rest = passed[:end] + b"\n", passed[end:]
        self._hash.update(self._without_tokens(_GENERATED.sub(b"", header)))
        self._hash.update(self._without_tokens(rest))

    def _without_tokens(self, octets: bytes) -> bytes:
        if self._token:
            octets = octets.replace(self._token, b"")
        return _BOUNDARY.sub(b"", octets) if b"===============" in octets else octets
