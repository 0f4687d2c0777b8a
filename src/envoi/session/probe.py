"""Asking a server whether it would take mail for somebody, without sending any.

A transaction that is begun and reset: MAIL, RCPT, RSET. Many servers accept every recipient and complain
later, so that only a refusal proves anything; some close their doors to those who ask often.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.message.envelope import Envelope
from envoi.smtp import commands

if TYPE_CHECKING:
    from envoi.session.link import Link
    from envoi.smtp.replies import Reply

__all__ = ["probe"]


async def probe(link: Link, recipient: str, sender: str) -> Reply:
    """Return what the server says of the recipient, or of the sender when it refuses that.

    Raises:
        InvalidAddress: one of the two is not an address.
    """
    envelope = Envelope.of(sender, [recipient])
    reply = await link.exchange(commands.mail(envelope.sender))
    if reply.positive:
        reply = await link.exchange(commands.rcpt(envelope.recipients[0].address))
    await link.exchange(commands.rset())
    return reply
