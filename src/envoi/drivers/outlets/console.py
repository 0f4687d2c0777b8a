"""Mail on the screen, for a developer who wants to see it and nobody to get it.

Each message stands between two lines that name its envelope; control characters are shown, not sent to the
terminal.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING

from envoi.drivers.outlets.outlet import local_lines

if TYPE_CHECKING:
    from envoi.message.envelope import Envelope

__all__ = ["Console"]

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Console:
    """Writes messages to a text stream."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    @property
    def name(self) -> str:
        """What a receipt calls it."""
        return "console"

    def put(self, envelope: Envelope, message: IO[bytes]) -> str:
        """See `Outlet.put`."""
        to = ", ".join(each.address for each in envelope.recipients)
        text = b"".join(local_lines(message)).decode(errors="replace")
        self._stream.write(f"----- from <{envelope.sender}> to {to}\n")
        self._stream.write(_CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text))
        self._stream.write(f"{'' if text.endswith(chr(10)) else chr(10)}-----\n")
        self._stream.flush()
        return "shown"

    def close(self) -> None:
        """The stream is its owner's."""
