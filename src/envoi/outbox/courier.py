"""The port through which a claimed message leaves, and what an attempt found.

`envoi.client.courier` implements it with a session; tests have doubles. What follows from an attempt is
decided in `policy`, when one is made in `sender`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from envoi.outbox.model import Claim, Content
    from envoi.smtp.replies import Reply

__all__ = ["Attempt", "Courier"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What a server, or the way to it, said of a message.

    Attributes:
        accepted: recipients that the server took the message for.
        refused: recipients that it refused, each with the reply.
        untried: recipients that were not offered, since the server takes fewer at once.
        reply: the reply that accepted the message.
        error: what happened when it was not accepted.
    """

    accepted: tuple[str, ...] = ()
    refused: Mapping[str, Reply] = field(default_factory=dict[str, "Reply"])
    untried: tuple[str, ...] = ()
    reply: Reply | None = None
    error: Exception | None = None


class Courier(Protocol):
    """Carries the mail of one account over one connection, which it keeps open between messages."""

    async def be_ready(self) -> None:
        """Open the connection, so that the next message leaves at its instant and not some time after it.

        Raises:
            Exception: there is none; `deliver` would have found the same.
        """
        ...

    async def deliver(
        self,
        claim: Claim,
        recipients: tuple[str, ...],
        content: Content,
        permit: Callable[[], Awaitable[None]],
    ) -> Attempt:
        """Offer the message to these recipients.

        Args:
            claim: the message.
            recipients: those of the claim's that are still to be offered.
            content: its octets.
            permit: awaited right before the octets that complete the message; what it raises leaves them
                unwritten, and comes out of here.
        """
        ...

    async def rest(self) -> None:
        """Close the connection, since nothing is left to carry for now; `deliver` opens another."""
        ...
