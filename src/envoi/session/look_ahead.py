"""The envelope of the next message with the end of the last: for servers without CHUNKING.

One message takes one round trip then: its end and MAIL, RCPT and DATA of the next one travel together, and so
do their replies. Only the message whose end was written can be in doubt; the next one has said no more than
its envelope. What is refused, or invited and not wanted, is brought to its end before another begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.errors import Phase
from envoi.session.content import check_refusal
from envoi.session.hearing import check_link, hear_all, hung_up, withdraw
from envoi.smtp.tables import State

if TYPE_CHECKING:
    from envoi.session.batch import Batch
    from envoi.session.link import Link
    from envoi.session.tally import Tally

__all__ = ["advance"]


async def advance(batch: Batch, link: Link) -> None:
    """Bring the message that has an envelope to its end, with the envelope of the next one behind it.

    Raises:
        DeliveryError: the link is lost.
    """
    if not batch.flying:
        found = await batch.next_flight(link)
        if found is None:
            return
        entry, flight = found
        link.begin(Phase.MAIL)
        if link.machine.state is not State.READY:
            flight.put_behind_reset()
        batch.launch(link, entry, flight)
        await link.write(flight.head)
    flight = batch.flying[0][1]
    whole, tally = flight.untold, flight.tally
    await hear_all(link, tally, whole)
    if tally.invited and not tally.welcome:
        await withdraw(link, tally, lmtp=False)
    if not (tally.invited and tally.welcome):
        batch.land(link)
        return
    octets = flight.body
    # Whoever waits for a slow source would keep a message waiting that is complete.
    follower = None if batch.slow else await batch.next_flight(link)
    link.begin(Phase.CONTENT)
    await check_refusal(link)
    link.begin(Phase.FINAL)
    flight.ended = tally.ended = True
    link.machine.expect_content()
    if follower is not None:
        batch.launch(link, *follower)
        octets += follower[1].head
    await link.write(octets)
    await _hear_verdict(batch, link, tally)


async def _hear_verdict(batch: Batch, link: Link, tally: Tally) -> None:
    verbs, reply = await link.hear_run()
    check_link(link, verbs[-1], reply)
    tally.note(verbs, reply)
    batch.land(link)
    if not link.alive and batch.flying:
        raise hung_up(link, reply, Phase.FINAL)
