"""What a server claims in its greeting and does not keep.

`broken_promise` reads a failure: did the server offer an extension, and break on its use? The conversation
then does without it, for as long as it lives, and says so in its transcript. Pure: it looks and decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.errors import Disconnected, MessageRejected, Phase, RemoteProtocolError

if TYPE_CHECKING:
    from envoi.errors import DeliveryError
    from envoi.session.link import Link

__all__ = ["broken_promise"]

_UNKNOWN = (500, 502)
"""Replies to a command that is not known, or not implemented (RFC 5321 §4.2.4)."""
_ENVELOPE = (Phase.MAIL, Phase.RCPT, Phase.DATA)


def broken_promise(link: Link, error: DeliveryError) -> str | None:
    """Return the keyword that the server cannot be trusted with; None when nothing shows that."""
    terms, reply = link.terms, error.reply
    if terms.chunking and isinstance(error, MessageRejected) and reply is not None:
        return "CHUNKING" if reply.code in _UNKNOWN else None
    if terms.pipelining and not link.stale and error.phase in _ENVELOPE:
        # Replies that no command explains; or none at all, to the first commands that came together.
        dropped = isinstance(error, Disconnected) and reply is None and link.messages == 1
        if isinstance(error, RemoteProtocolError) or (dropped and error.phase is Phase.MAIL):
            return "PIPELINING"
    return None
