"""What became of a message: the server's word, per recipient.

A `Receipt` exists when the server took the message for at least one recipient; the others are in
`refused`, each with its reply. When nobody was accepted there is an error instead (`envoi.errors`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envoi.ports import TLSInfo
    from envoi.smtp.replies import Reply

__all__ = ["Receipt", "receipt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The server has taken responsibility for a message (RFC 5321 §4.2.5).

    Attributes:
        message_id: the Message-ID as in the header, or None when the message has none.
        sender: the envelope sender; empty for the null sender.
        accepted: the addresses the server took the message for.
        refused: address → the reply that refused it. Only 4yz ones are worth another try.
        reply: the reply to the final dot; its text often holds the server's queue id.
        server: the host it was handed to.
        tls: the TLS version, or None in clear.
        verified: whether the server proved to be the one we meant; False in clear.
        ticket: under which an asynchronous session's outbox has the message; it is the outbox then that took
            it.
    """

    message_id: str | None
    sender: str
    accepted: tuple[str, ...]
    refused: Mapping[str, Reply] = field(default_factory=dict[str, "Reply"])
    reply: Reply
    server: str
    tls: str | None = None
    verified: bool = False
    ticket: str | None = None


def receipt(
    message_id: str | None,
    sender: str,
    accepted: tuple[str, ...],
    refused: Mapping[str, Reply],
    reply: Reply,
    server: str,
    tls: TLSInfo | None,
) -> Receipt:
    """Return a receipt, in a third of the time that the guard of a frozen class takes: every mail has one."""
    made = object.__new__(Receipt)
    _message_id(made, message_id)
    _sender(made, sender)
    _accepted(made, accepted)
    _refused(made, refused)
    _reply(made, reply)
    _server(made, server)
    _tls(made, None if tls is None else tls.version)
    _verified(made, tls is not None and tls.verified)
    _ticket(made, None)
    return made


_message_id, _sender, _accepted, _refused, _reply, _server, _tls, _verified, _ticket = (
    vars(Receipt)[field].__set__ for field in Receipt.__slots__
)
