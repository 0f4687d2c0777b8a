"""One sender: the sequential flow that carries one message after the other over one connection.

It takes work from its account's channel, waits for the instant at which that may leave, and hands the outcome
back at once. Right before the final dot it makes sure that its previous outcome is on disk, that the lease
still holds, that nobody cancelled, and, for accounts that hold what is unknown, that the dot is noted. So a
crash leaves at most one message per sender whose fate is unknown. What follows from an outcome is `policy`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.errors import LeaseLost
from envoi.outbox.account_rules import OnUnknown
from envoi.outbox.courier import Attempt
from envoi.outbox.desk import Asked, Ended, Outcome
from envoi.outbox.model import Content
from envoi.outbox.policy import cancelled

if TYPE_CHECKING:
    from envoi.outbox.courier import Courier
    from envoi.outbox.desk import Answer, Channel, Work
    from envoi.outbox.policy import Decision
    from envoi.outbox.standing import Standing
    from envoi.outbox.store import Store
    from envoi.ports import Clock

__all__ = ["Sender"]

#: How long a connection is kept open with nothing to send, seconds.
IDLE = 15.0
#: How long before its lease ends a message is no longer completed, seconds.
MARGIN = 2.0
#: A claim comes no longer than a second before its instant; what seems more is a clock that was set.
LONGEST_WAIT = 1.0


class Sender:
    """Carries the work of one account.

    Args:
        account: whose.
        courier: the connection.
        store: where large contents are.
        clock: the machine's.
        work: where the work comes from; None ends the sender.
        news: where the coordinator listens.
        answers: where it answers.
        standing: tells whether the account holds what is unknown.
    """

    __slots__ = (
        "_account", "_answers", "_clock", "_courier", "_news", "_standing", "_store", "_unsettled", "_work",
    )  # fmt: skip

    def __init__(
        self,
        account: str,
        *,
        courier: Courier,
        store: Store,
        clock: Clock,
        work: Channel[Work | None],
        news: Channel[object],
        answers: Channel[Answer],
        standing: Standing,
    ) -> None:
        self._account = account
        self._courier = courier
        self._store = store
        self._clock = clock
        self._work = work
        self._news = news
        self._answers = answers
        self._standing = standing
        self._unsettled: set[Work] = set()

    async def run(self) -> None:
        """Carry until there is nothing to carry for a while."""
        try:
            while (work := await self._work.get(IDLE)) is not None:
                work.sender = self
                result = await self._carry(work)
                self._unsettled.add(work)
                self._news.put(Outcome(work=work, result=result, answers=self._answers))
        finally:
            try:
                await self._courier.rest()
            finally:
                self._news.put(Ended(account=self._account))

    async def _carry(self, work: Work) -> Attempt | Decision | None:
        claim = work.claim

        async def permit() -> None:
            await self._permit(work)

        try:
            if work.leave_at > self._clock.monotonic():
                # A handshake takes longer than the limits of a second have room for what is late.
                await self._courier.be_ready()
                await self._clock.sleep(min(max(work.leave_at - self._clock.monotonic(), 0.0), LONGEST_WAIT))
            if work.lost or work.cancelled:
                return _stopped(work)
            content = await self._content(work)
            recipients = tuple(address for address in claim.recipients if address not in work.delivered)
            return await self._courier.deliver(claim, recipients, content, permit)
        except LeaseLost:
            return _stopped(work)
        except Exception as error:  # noqa: BLE001 - whatever it is, the message must not be lost over it
            return Attempt(error=error)

    async def _content(self, work: Work) -> Content:
        octets = work.claim.content
        return Content(octets=octets) if octets is not None else await self._store.content(work.claim)

    async def _permit(self, work: Work) -> None:
        """Return when the message may be completed.

        Raises:
            LeaseLost: it may not.
        """
        while self._unsettled:
            await self._hear(work)
        if not work.cancelled and self._holds:
            self._news.put(Asked(work=work, answers=self._answers))
            while (answer := await self._hear(work)).work is not work:
                pass
            work.lost = work.lost or not answer.granted
        if work.cancelled:
            raise LeaseLost(f"{work.claim.id} was cancelled")
        if work.lost or self._clock.monotonic() >= work.held_until - MARGIN:
            raise LeaseLost(f"{work.claim.id}: the lease ended before the message was complete")

    @property
    def _holds(self) -> bool:
        return self._standing.rules(self._account).on_unknown is OnUnknown.HOLD

    async def _hear(self, work: Work) -> Answer:
        answer = await self._answers.get(max(0.0, work.held_until - MARGIN - self._clock.monotonic()))
        if answer is not None:
            self._unsettled.discard(answer.work)
            return answer
        raise LeaseLost(f"{work.claim.id}: the store did not answer while the lease held")


def _stopped(work: Work) -> Decision | None:
    """What becomes of work that is not carried any more; nothing where that is another's to say."""
    return cancelled(work.claim) if work.cancelled and not work.lost else None
