"""What every outlet does: take one finished message, and say where it went.

The message comes as a file, at its beginning, with CRLF line ends; `local_lines` is for those whose world
ends lines in LF. An outlet blocks; whoever must not be blocked calls it from a thread.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.message.envelope import Envelope

__all__ = ["Outlet", "local_lines"]

PIECE = 64 * 1024


class Outlet(Protocol):
    """A place for mail."""

    @property
    def name(self) -> str:
        """What a receipt calls it, such as ``maildir:/var/mail/me``."""
        ...

    def put(self, envelope: Envelope, message: IO[bytes]) -> str:
        """Take the message, and return what became of it, in words.

        Raises:
            MessageRejected: it was not taken.
            ConfigError: this place cannot be used at all.
        """
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


def local_lines(message: IO[bytes]) -> Iterator[bytes]:
    """The message in pieces whose lines end in LF."""
    held = b""
    while piece := message.read(PIECE):
        whole = held + piece
        # A CR at the very end may be half of a line end.
        held = whole[-1:] if whole.endswith(b"\r") else b""
        yield (whole[:-1] if held else whole).replace(b"\r\n", b"\n")
    yield held
