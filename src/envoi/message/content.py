"""The narrow waist: what a session needs to know of a message, whoever composed it.

`Email` and `RawEmail` satisfy `Content`. The session tells what the server offers (`WireEncoding`), learns
what will be used (`Requirements`), and takes the bytes. Nothing here composes, sends or knows an address.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

__all__ = ["Content", "Requirements", "WireEncoding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WireEncoding:
    """What may stand between the server and us beyond lines of ASCII.

    Attributes:
        eightbit: 8BITMIME (RFC 6152): octets above 127 in bodies.
        binary: BINARYMIME with CHUNKING (RFC 3030): any octets, lines of any length.
        smtputf8: SMTPUTF8 (RFC 6531): UTF-8 in headers and addresses.
    """

    eightbit: bool = False
    binary: bool = False
    smtputf8: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What a content will use of what is offered: the `BODY=` and `SMTPUTF8` of the `MAIL` command.

    Attributes:
        body: the least that the octets need.
        smtputf8: whether the header needs UTF-8.
        repaired: whether every line is known to end in CRLF, the last one too, so that nobody looks again.
    """

    body: Literal["7bit", "8bitmime", "binarymime"] = "7bit"
    smtputf8: bool = False
    repaired: bool = field(default=False, compare=False)

    @property
    def encoding(self) -> WireEncoding:
        """The encoding to compose with, so that the bytes match these requirements."""
        return _encoding(self.body, self.smtputf8)


@lru_cache(maxsize=8)
def _encoding(body: str, smtputf8: bool) -> WireEncoding:
    return WireEncoding(eightbit=body != "7bit", binary=body == "binarymime", smtputf8=smtputf8)


@runtime_checkable
class Content(Protocol):
    """A message that can be asked for its bytes, as often as needed, always the same ones."""

    @property
    def message_id(self) -> str | None:
        """The `Message-ID` with its angle brackets, or None when the message has none."""
        ...

    @property
    def is_async(self) -> bool:
        """Whether a part of it can only be read by `achunks`."""
        ...

    @property
    def only_once(self) -> str | None:
        """The name of a part that can be read only once, so that no second attempt is possible; or None."""
        ...

    def requirements(self, offered: WireEncoding) -> Requirements:
        """What this content will use of what the server offers.

        Raises:
            NotSupportedByServer: it cannot be carried; the text says what is missing.
        """
        ...

    def size(self, used: WireEncoding) -> int | None:
        """The exact number of octets on the wire, without reading attachments; None if unknown.

        What `chunks` will give, where raw content has no bare newlines.
        """
        ...

    def chunks(self, used: WireEncoding) -> Iterator[bytes]:
        """The message in pieces. Line ends of raw content are left to the SMTP layer to repair.

        Raises:
            UsageError: a part can only be read by `achunks`, or its source changed or broke off.
        """
        ...

    def achunks(self, used: WireEncoding) -> AsyncIterator[bytes]:
        """The same pieces, also from asynchronous sources."""
        ...
