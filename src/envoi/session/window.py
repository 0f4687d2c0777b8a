"""Whole transactions back to back, with a bounded number of them unanswered: for servers with CHUNKING.

In front of each that follows an unanswered one stands RSET: a server that refused the message before may have
kept its sender and recipients, and would add the next recipients to them (RFC 3030 §4.2 calls that state
indeterminate; docs/decisions/0090). Memory and replies in flight are bounded by the count and by octets, and
the driver goes on reading while it writes, so that neither side waits for ever (RFC 2920 §3.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.errors import Phase
from envoi.session.hearing import check_link, hung_up
from envoi.session.tally import ENDS
from envoi.smtp.tables import State

if TYPE_CHECKING:
    from envoi.session.batch import Batch
    from envoi.session.flight import Flight
    from envoi.session.link import Link

__all__ = ["advance"]

OCTETS_FLYING = 4 * 1024 * 1024
"""Octets of messages that may be unanswered: more than a path of 100 Mbit/s and 300 ms holds."""
GATHERED = 64 * 1024
"""Octets that are written at once, where the source keeps up."""


async def advance(batch: Batch, link: Link) -> None:
    """Say what there is room for, and hear what can be heard.

    Raises:
        DeliveryError: the link is lost.
    """
    filled = await _say(batch, link)
    if not batch.flying:
        return
    if not filled:
        await link.glance()
    flight = batch.flying[0][1]
    run = await link.hear_run(flight.untold) if filled else link.heard(flight.untold)
    while run is not None:
        verbs, reply = run
        if verbs is flight.verbs:
            batch.land_smoothly(link, reply)
        else:
            check_link(link, verbs[-1], reply)
            flight.tally.note(verbs, reply)
            if verbs[-1] in ENDS:
                batch.land(link)
        if not batch.flying:
            return
        if link.machine.state is State.CLOSED:
            raise hung_up(link, reply, Phase.FINAL)
        flight = batch.flying[0][1]
        run = link.heard(flight.untold)


async def _say(batch: Batch, link: Link) -> bool:
    """Write what there is room for; False when more would be said, but the source is slow to give it."""
    gathered: list[Flight] = []
    size = 0
    link.begin(Phase.MAIL)
    while len(batch.flying) < batch.size and batch.afloat < OCTETS_FLYING:
        found = await batch.next_flight(link)
        if found is None:
            break
        entry, flight = found
        if batch.flying or link.machine.state is not State.READY:
            flight.put_behind_reset()
        batch.launch(link, entry, flight)
        gathered.append(flight)
        size += len(flight.body)
        if batch.slow:
            await _write(link, gathered)
            return False
        if size >= GATHERED:
            await _write(link, gathered)
            size = 0
    await _write(link, gathered)
    return True


async def _write(link: Link, gathered: list[Flight]) -> None:
    if gathered:
        octets: list[bytes] = []
        for flight in gathered:
            flight.ended = True
            octets += (flight.head, flight.body)
        gathered.clear()
        await link.write(b"".join(octets))
