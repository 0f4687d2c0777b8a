"""The way from the outbox to a server: `SessionCourier`, a session that carries claimed messages.

One flow for both colours, over the session's conversation. What follows from an attempt is decided in
`envoi.outbox.policy`; what a session does is `envoi.session`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.errors import LeaseLost, OutboxError
from envoi.message.raw import RawEmail
from envoi.outbox.courier import Attempt
from envoi.outbox.envelope_json import envelope_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from envoi.message.signing.signed import Addressed
    from envoi.outbox.model import Claim, Content
    from envoi.session.conversation import Conversation

__all__ = ["SessionCourier"]


class SessionCourier:
    """Carries the mail of one account over one session.

    Args:
        conversation: makes what the session does, for this courier alone; called when there is something to
            carry.
    """

    __slots__ = ("_conversation", "_make")

    def __init__(self, conversation: Callable[[], Conversation]) -> None:
        self._make = conversation
        self._conversation: Conversation | None = None

    async def deliver(
        self,
        claim: Claim,
        recipients: tuple[str, ...],
        content: Content,
        permit: Callable[[], Awaitable[None]],
    ) -> Attempt:
        """Offer a message; see `envoi.outbox.courier.Courier`."""
        try:
            return await self._offer(claim, recipients, content, permit)
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 - judged by `policy`
            return Attempt(error=error)
        finally:
            if content.temporary and content.path is not None:
                content.path.unlink(missing_ok=True)

    async def be_ready(self) -> None:
        """Open the connection."""
        await self._open()

    async def rest(self) -> None:
        """Close the connection."""
        conversation, self._conversation = self._conversation, None
        if conversation is not None:
            await conversation.close()

    async def _offer(
        self,
        claim: Claim,
        recipients: tuple[str, ...],
        content: Content,
        permit: Callable[[], Awaitable[None]],
    ) -> Attempt:
        conversation = await self._open()
        most = conversation.capabilities and conversation.capabilities.limit("RCPTMAX")
        offered = recipients[: most or None]
        envelope = envelope_of(claim.sender, offered, claim.options)
        mail = RawEmail(
            _raw(content), sender=claim.sender, recipients=envelope.recipients, options=envelope.options
        )
        receipt = await conversation.send(_signed(mail, claim, conversation), envelope, before_final=permit)
        return Attempt(
            accepted=receipt.accepted,
            refused=receipt.refused,
            untried=recipients[len(offered) :],
            reply=receipt.reply,
        )

    async def _open(self) -> Conversation:
        if self._conversation is None:
            self._conversation = self._make()
        conversation = self._conversation
        if not conversation.is_open:
            await conversation.open()
        return conversation


def _raw(content: Content) -> bytes | Path:
    if content.octets is not None:
        return content.octets
    if content.path is None:
        raise OutboxError("the store gave neither the octets of the message nor a file with them")
    return content.path


def _signed(mail: RawEmail, claim: Claim, conversation: Conversation) -> Addressed:
    """The mail as the account signs it, with the same signature in every attempt."""
    signer = conversation.signer
    if signer is None or signer.has_signed(mail):
        return mail
    # A signature that expires is made anew each time: it would be of no use after a long wait.
    return signer.sign(mail, at=claim.created_at if signer.lifetime_seconds is None else None)
