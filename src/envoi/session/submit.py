"""One message over one link: MAIL, RCPT, the content, and a receipt that tells the truth.

`submit` plans the transaction, has it carried out and makes the receipt, or tells of an error whom it
concerns and whether the message may have been taken. What every reply means for whom is in `transaction`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.errors import DeliveryError
from envoi.session.flight import flight_for, fly
from envoi.session.plan import plan
from envoi.session.receipt import receipt
from envoi.session.tally import MAYBE_REMEDY
from envoi.session.transaction import Transaction
from envoi.smtp.tables import State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from envoi.message.content import Content
    from envoi.message.envelope import Envelope
    from envoi.session.content import Progress
    from envoi.session.flight import Flight
    from envoi.session.link import Link
    from envoi.session.receipt import Receipt
    from envoi.smtp.replies import Reply

__all__ = ["MAYBE_REMEDY", "receipt_for", "submit"]


async def submit(
    link: Link,
    envelope: Envelope,
    content: Content,
    lmtp: bool = False,
    cautious: bool = False,
    progress: Progress | None = None,
    before_final: Callable[[], Awaitable[None]] | None = None,
) -> Receipt:
    """Hand one message over.

    Args:
        link: a connection whose turn it is.
        envelope: from whom to whom.
        content: the message.
        lmtp: the server answers per recipient after the message.
        cautious: the connection may have died meanwhile, so the message waits for the envelope's reply.
        progress: called with the octets sent so far and the total, when known.
        before_final: awaited right before the octets that complete the message are written; when it raises,
            they never are, and the link is closed unless nothing was said yet.

    Raises:
        UsageError: the server cannot carry it; nothing was sent and the link lives.
        Rejected: the server refused; the link lives, unless the reply was 421.
        DeliveryError: the link broke; `accepted` says whether the message may have been taken.

    Another exception that ends it early (a cancellation, Ctrl-C) has `MAYBE_REMEDY` among its notes when the
    message may have been taken.
    """
    terms, flight = link.terms, None
    # Behind RSET it is not certain that the server will understand the rest.
    if not lmtp and not (cautious and terms.chunking) and link.machine.state is State.READY:
        flight = flight_for(link, envelope, content, terms)
    way: Flight | Transaction
    if flight is not None:
        way, flow = flight, fly(link, flight, progress, before_final)
    else:
        planned = plan(envelope, content, terms, server=link.server)
        way = Transaction(link, planned, content, lmtp=lmtp, before_final=before_final)
        flow = way.run(progress=progress)
    try:
        reply = await flow
    except DeliveryError as error:
        way.tally.judge(error)
        raise
    except BaseException as error:
        # Cancelled, or stopped by Ctrl-C: that exception is nobody's to change, but it can carry a word.
        if way.tally.undecided:
            error.add_note(MAYBE_REMEDY)
        raise
    finally:
        link.messages += 1
    return receipt_for(link, envelope, content, way, reply)


def receipt_for(
    link: Link, envelope: Envelope, content: Content, way: Flight | Transaction, reply: Reply
) -> Receipt:
    """Return the receipt of a message that went this way and was accepted by `reply`."""
    return receipt(
        content.message_id, envelope.sender, way.accepted, way.refused, reply, link.server, link.tls
    )
