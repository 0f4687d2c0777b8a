"""What a server's offer comes to for a message, read once per EHLO.

`Terms` are the `Capabilities` without what the server has been seen to break on (`distrust`), with the few
facts that every message asks for spelt out. Whether a message fits them is `plan`'s question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envoi.message.content import WireEncoding

if TYPE_CHECKING:
    from collections.abc import Collection

    from envoi.smtp.capabilities import Capabilities

__all__ = ["Terms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a server takes.

    Attributes:
        offered: the capabilities these were read from.
        encoding: what contents may use.
        chunking: BDAT rather than DATA.
        pipelining: commands may travel together.
        sized: whether it wants to be told the size.
        largest: octets of the largest message; None when there is no limit.
        most_recipients: recipients per message (RFC 9422); None when there is no limit.
        most_messages: messages per connection (RFC 9422); None when there is no limit.
    """

    offered: Capabilities
    encoding: WireEncoding
    chunking: bool
    pipelining: bool
    sized: bool
    largest: int | None
    most_recipients: int | None
    most_messages: int | None

    @classmethod
    def of(cls, offered: Capabilities, *, distrusted: Collection[str] = ()) -> Terms:
        """Read what is offered; the distrusted keywords count as missing."""

        def has(keyword: str) -> bool:
            return keyword in offered and keyword not in distrusted

        return cls(
            offered=offered,
            encoding=WireEncoding(
                eightbit=has("8BITMIME"),
                binary=has("BINARYMIME") and has("CHUNKING"),
                smtputf8=has("SMTPUTF8"),
            ),
            chunking=has("CHUNKING"),
            pipelining=has("PIPELINING"),
            sized=has("SIZE"),
            largest=offered.size,
            most_recipients=offered.limit("RCPTMAX"),
            most_messages=offered.limit("MAILMAX"),
        )
