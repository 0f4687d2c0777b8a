"""A transaction as the server holds it: sender, recipients, and the octets of the message so far.

Knows what can be wrong with a message; what is answered in which order is for `dialogue`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envoi.testing.answers import NO_RECIPIENTS, TOO_LARGE, Answer

if TYPE_CHECKING:
    from envoi.testing.envelope import Path

__all__ = ["Transaction"]


@dataclass(slots=True, kw_only=True)
class Transaction:
    """From MAIL to the reply to the message.

    Attributes:
        sender: the reverse path.
        limit: octets that the server takes.
        recipients: address → the accepted path.
        data: the message so far.
        size: its octets, those beyond the limit included, which are not kept.
    """

    sender: Path
    limit: int
    recipients: dict[str, Path] = field(default_factory=dict[str, "Path"])
    data: bytearray = field(default_factory=bytearray)
    size: int = 0

    @property
    def body(self) -> str:
        """What the message was announced as: 7BIT, 8BITMIME or BINARYMIME."""
        return self.sender.parameters.get("BODY", "7BIT").upper()

    @property
    def utf8(self) -> bool:
        """Whether addresses and headers may be UTF-8."""
        return "SMTPUTF8" in self.sender.parameters

    def take(self, data: bytes) -> None:
        """Take a part of the message."""
        self.size += len(data)
        if self.size <= self.limit:
            self.data += data

    def obstacle(self) -> Answer | None:
        """Why no part of the message can be taken."""
        if not self.recipients:
            return NO_RECIPIENTS
        return TOO_LARGE if self.size > self.limit else None

    def defect(self, *, allow_bare_line_ends: bool) -> Answer | None:
        """What is wrong with the whole message."""
        pairs = self.data.count(b"\r\n")
        bare = self.data.count(b"\r") != pairs or self.data.count(b"\n") != pairs
        if bare and self.body != "BINARYMIME" and not allow_bare_line_ends:
            # As Postfix and Exim do since 2023: others read a bare LF as the end of a line.
            return Answer(550, "5.6.11", ("bare CR or LF in the message",))
        if not self.data.isascii() and self.body == "7BIT":
            return Answer(554, "5.6.1", ("octets above 127 in a message that was announced as 7BIT",))
        header, _, _ = self.data.partition(b"\r\n\r\n")
        if not header.isascii() and not self.utf8:
            return Answer(554, "5.6.7", ("a header beyond ASCII needs SMTPUTF8",))
        return None
