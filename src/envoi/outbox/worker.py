"""The worker: a coordinator that claims and settles in batches, and senders that carry (`lanes`, `sender`).

One sequential flow that listens to its senders and to the store's doorbell. Under load it settles and claims
at most once in a few hundredths of a second unless every sender waits for it, so that commits stay few and
those who submit are not starved. It extends its leases, takes back what dead workers held, and outlives a
store that is away for a while. What an outcome means is `policy`'s, how it is written down `settling`'s.
"""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from envoi.errors import Retry, StoreUnavailable
from envoi.outbox.account_changes import FAILOVER_AFTER, untold
from envoi.outbox.desk import Answer, Asked, Ended, Outcome, Rung, Stopped, Work
from envoi.outbox.herald import Herald
from envoi.outbox.lanes import Lanes
from envoi.outbox.model import RecipientResult
from envoi.outbox.notifying import Reporter
from envoi.outbox.policy import Backoff, expired
from envoi.outbox.portions import Portions
from envoi.outbox.settling import Settler
from envoi.outbox.standing import EngineTime, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envoi.outbox.courier import Courier
    from envoi.outbox.desk import Channel, Crew
    from envoi.outbox.herald import Listeners
    from envoi.outbox.model import Claim, Claimed
    from envoi.outbox.store import Store
    from envoi.ports import Clock

__all__ = ["Coordinator", "WorkerOptions"]

_log = logging.getLogger("envoi.outbox")

#: Seconds between two rounds of settling and claiming while there is much to do.
PACE = 0.025
#: Seconds between two looks for dead workers, and for cancellations of what is in hand.
REAP, LOOK = 5.0, 1.0
#: Seconds after which the doorbell is not trusted and a claim is tried.
POLL = 1.0
#: Seconds between two tries to reach a store that is away, and how long it may be away.
AGAIN, AWAY = 1.0, 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """How a worker works.

    Attributes:
        owner: its name in the store, another one for each worker.
        connections: connections to the server of an account, at most.
        lease: seconds after which the messages of a worker that went silent are taken over.
        accounts: the accounts it serves; None for all.
        backoff: how long deferred recipients wait.
        reporting_mta: the name of this machine in reports.
    """

    owner: str
    connections: int = 4
    lease: float = 60.0
    accounts: tuple[str, ...] | None = None
    backoff: Backoff = field(default_factory=Backoff)
    reporting_mta: str = "localhost"


class Coordinator:
    """One worker.

    Args:
        options: how it works.
        store: the queue.
        clock: the machine's.
        crew: runs flows beside each other.
        courier: makes the connection of a sender, by account.
        jitter: draws a random number from 0 to 1.
        identity: draws a new id.
        listeners: who is told what became of messages.
    """

    def __init__(
        self,
        options: WorkerOptions,
        *,
        store: Store,
        clock: Clock,
        crew: Crew,
        courier: Callable[[str], Courier],
        jitter: Callable[[], float],
        identity: Callable[[], str],
        listeners: Listeners,
    ) -> None:
        self._options = options
        self._store = store
        self._clock = clock
        self._crew = crew
        self._news: Channel[Any] = crew.channel()
        self._time = EngineTime(store, clock)
        self._standing = Standing(store, clock)
        self._settler = Settler(
            store,
            self._time,
            self._standing,
            reporter=Reporter(store, self._standing, reporting_mta=options.reporting_mta, identity=identity),
            backoff=options.backoff,
            jitter=jitter,
        )
        self._lanes = Lanes(
            options.owner,
            store=store,
            clock=clock,
            crew=crew,
            standing=self._standing,
            courier=courier,
            news=self._news,
            connections=options.connections,
            lease=options.lease,
        )
        self._portions = Portions(options.connections, clock)
        self._unheard: Channel[Answer] = crew.channel()
        self._sated: Channel[Rung] = crew.channel()
        self._herald = Herald(store, channel=crew.channel(), listeners=listeners)
        self._works: dict[tuple[str, int], Work] = {}
        self._asked: list[Asked] = []
        self._returned: list[Work] = []
        self._hungry = True
        self._rung = False
        self._stopping = False
        self._away_since: float | None = None
        self._listening = False
        now = clock.monotonic()
        self._next: dict[str, float] = dict.fromkeys(
            ("extend", "reap", "look", "claim", "settle", "store"), now
        )
        self._next["wake"] = float("inf")

    def stop(self) -> None:
        """Finish what is in flight, give the rest back, and end. From any thread, in the blocking colour."""
        self._news.put(Stopped())

    async def run(self) -> None:
        """Work until `stop`.

        Raises:
            StoreUnavailable: the store was away for five minutes, or is damaged.
        """
        self._listening = True
        self._crew.start(self._listen())
        self._crew.start(self._herald.run())
        try:
            while not self._stopping or self._works or self._lanes.senders or len(self._settler):
                await self._turn()
        finally:
            self._listening = False
            self._let_go()
            with suppress(StoreUnavailable):  # Then the listener waits its second out.
                await self._store.rouse()

    async def deliver(self, ids: Sequence[str]) -> None:
        """Try these messages once, as far as they are due and nobody has them, and end."""
        started = self._clock.monotonic()
        claimed = await self._store.claim_these(self._options.owner, ids, self._options.lease)
        if not claimed.claims:
            return
        await self._take_on(claimed, started)
        self._hungry, self._stopping = False, True
        self._crew.start(self._herald.run())
        try:
            while self._works or self._lanes.senders or len(self._settler):
                await self._turn()
        finally:
            self._let_go()

    def _let_go(self) -> None:
        """End what runs beside, whatever ended this."""
        self._herald.stop()
        self._sated.put(Rung())
        for work in self._lanes.drain():
            work.lost = True

    async def _listen(self) -> None:
        """Ring whenever the store does, and from time to time; not again before a claim has found nothing."""
        while self._listening:
            try:
                await self._store.wait(POLL)
            except StoreUnavailable:
                await self._clock.sleep(AGAIN)
            self._news.put(Rung())
            await self._sated.get(POLL)

    async def _turn(self) -> None:
        news = await self._news.get(self._patience())
        while news is not None:
            await self._take(news)
            news = self._news.poll()
        if self._clock.monotonic() < self._next["store"]:
            return
        try:
            await self._act()
            self._away_since = None
        except StoreUnavailable as error:
            self._be_patient(error)

    def _be_patient(self, error: StoreUnavailable) -> None:
        if error.retry is Retry.NEVER:
            raise error
        now = self._clock.monotonic()
        if self._away_since is None:
            self._away_since = now
            _log.warning("the outbox does not answer; trying again each second: %s", error)
        if now - self._away_since > AWAY:
            raise error
        self._next["store"] = now + AGAIN

    def _patience(self) -> float:
        """How long nothing needs to be done, unless there is news."""
        now = self._clock.monotonic()
        due = [self._next["reap"], self._next["wake"]]
        if self._works:
            due += [self._next["extend"], self._next["look"]]
        if self._returned:
            due.append(now)
        if self._hungry and not self._stopping and self._waiting < self._options.connections:
            due.append(self._next["claim"])
        if len(self._settler):
            due.append(self._next["settle"])
        return max(0.0, max(min(due), self._next["store"]) - now)

    async def _take(self, news: object) -> None:
        if isinstance(news, Outcome):
            if not len(self._settler):
                self._next["settle"] = self._clock.monotonic() + PACE
            self._settler.add(news)
        elif isinstance(news, Asked):
            self._asked.append(news)
        elif isinstance(news, Rung):
            self._hungry = self._rung = True
        elif isinstance(news, Ended):
            account = news.account
            self._lanes.ended(
                account, [work for work in self._works.values() if work.claim.account == account]
            )
        else:
            self._stopping = True
            self._end_senders()

    def _end_senders(self) -> None:
        for work in self._lanes.drain():
            work.sender = self
            self._returned.append(work)

    async def _act(self) -> None:
        """Do whatever is due."""
        now = self._clock.monotonic()
        if self._asked:
            await self._note_dots()
        if self._is_due_to_settle(now):
            await self._settle()
        if self._works and now >= self._next["extend"]:
            await self._extend()
        if self._returned:
            await self._give_back()
        if now >= self._next["reap"]:
            await self._tend()
        if self._works and now >= self._next["look"]:
            await self._look()
        if self._is_due_to_claim(now):
            await self._claim()
        if self._stopping and not self._works:
            self._end_senders()
        await self._lanes.let_go()

    # Settling

    def _is_due_to_settle(self, now: float) -> bool:
        if not len(self._settler):
            return False
        at_work = {work.sender for work in self._works.values() if work.taken}
        return now >= self._next["settle"] or at_work <= self._settler.senders

    async def _settle(self) -> None:
        outcomes, settlements = await self._settler.flush()
        self._portions.settled(len(outcomes))
        for outcome in outcomes:
            self._works.pop(_key(outcome.work.claim), None)
        for one in settlements:
            self._herald.hear(one)

    async def _note_dots(self) -> None:
        asked, self._asked = self._asked, []
        try:
            held = await self._store.mark_dots([one.work.claim for one in asked])
        except StoreUnavailable:
            self._asked = asked + self._asked
            raise
        for one in asked:
            one.answers.put(Answer(work=one.work, granted=one.work.claim.id in held))

    async def _give_back(self) -> None:
        returned, self._returned = self._returned, []
        try:
            await self._store.give_back([work.claim for work in returned if not work.lost])
        except StoreUnavailable:
            self._returned = returned + self._returned
            raise
        for work in returned:
            self._works.pop(_key(work.claim), None)
        for account in {work.claim.account for work in returned}:
            if self._standing.state(account).failures:
                await self._standing.change(account, untold)

    # Keeping

    async def _extend(self) -> None:
        started = self._clock.monotonic()
        extended = await self._store.extend(self._options.owner, self._options.lease)
        for work in self._works.values():
            message = work.claim.id
            if message not in extended.mine:
                work.lost = True
                continue
            work.held_until = started + self._options.lease
            work.cancelled = work.cancelled or message in extended.cancelled
            work.delivered |= extended.delivered.get(message, frozenset())
        self._next["extend"] = started + self._options.lease / 3

    async def _look(self) -> None:
        """See what somebody asked to cancel meanwhile."""
        asked = {
            message.id
            for message in await self._store.status([message for message, _ in self._works])
            if message.cancel_requested
        }
        for work in self._works.values():
            work.cancelled = work.cancelled or work.claim.id in asked
        self._next["look"] = self._clock.monotonic() + LOOK

    async def _tend(self) -> None:
        """Take back what dead workers held, and have the mail of unreachable accounts go another way."""
        if await self._store.reap(self._options.lease):
            self._hungry = True
        await self._standing.refresh()
        for account in self._standing.names:
            failover = self._standing.rules(account).failover
            # Once its pause is over it may probe; what was submitted since then does.
            if failover and self._standing.state(account).failures >= FAILOVER_AFTER:
                await self._fail_over(account, failover)
        self._next["reap"] = self._clock.monotonic() + REAP

    async def _fail_over(self, account: str, failover: str) -> None:
        paused_until = self._standing.state(account).paused_until
        if paused_until > (await self._time.now()).timestamp() and await self._store.move(account, failover):
            self._hungry = True

    # Claiming

    def _is_due_to_claim(self, now: float) -> bool:
        if now >= self._next["wake"]:
            self._hungry, self._next["wake"] = True, float("inf")
        if self._stopping or not self._hungry:
            return False
        return not self._waiting or (now >= self._next["claim"] and self._waiting < self._options.connections)

    @property
    def _waiting(self) -> int:
        """How much of what is in hand no sender has yet, accounts aside that have all they can take."""
        closed = self._lanes.closed(self._in_hand(), self._portions.size)
        return sum(1 for work in self._works.values() if not work.taken and work.claim.account not in closed)

    async def _claim(self) -> None:
        started = self._clock.monotonic()
        accounts = self._open_accounts()
        self._next["claim"] = started + PACE
        if accounts is not None and not accounts:
            self._next["claim"] = started + LOOK
            return
        most = self._portions.measure(len(self._in_hand()))
        claimed = await self._store.claim(self._options.owner, most, self._options.lease, accounts)
        self._hungry = bool(claimed.claims)
        if self._rung and not self._hungry:
            self._rung = False
            self._sated.put(Rung())
        if claimed.wake_at is not None:
            self._next["wake"] = await self._time.monotonic(claimed.wake_at)
        await self._take_on(claimed, started)

    def _open_accounts(self) -> list[str] | None:
        """For which accounts to claim; None for all."""
        closed = self._lanes.closed(self._in_hand(), self._portions.size)
        wanted = self._options.accounts
        if wanted is None and not closed:
            return None
        return [name for name in (self._standing.names if wanted is None else wanted) if name not in closed]

    def _in_hand(self) -> Counter[str]:
        return Counter(work.claim.account for work in self._works.values())

    async def _take_on(self, claimed: Claimed, started: float) -> None:
        if not claimed.claims:
            return
        await self._standing.refresh()
        if not self._works:
            self._next["extend"] = started + self._options.lease / 3
            self._next["look"] = started + LOOK
        fresh: dict[str, list[Work]] = {}
        for claim in claimed.claims:
            work = Work(
                claim,
                leave_at=await self._time.monotonic(claim.not_before),
                held_until=started + self._options.lease,
            )
            for (message, _), older in self._works.items():
                older.lost = older.lost or message == claim.id
            self._works[_key(claim)] = work
            if await self._is_in_time(work):
                fresh.setdefault(claim.account, []).append(work)
        in_hand = self._in_hand()
        for account, works in fresh.items():
            for work in await self._lanes.give(account, works, in_hand[account]):
                work.sender = self
                self._returned.append(work)

    async def _is_in_time(self, work: Work) -> bool:
        """Whether a message may still be tried; otherwise it is given up here."""
        claim = work.claim
        if await self._time.now() < claim.expires_at:
            return True
        known = [
            RecipientResult(address=one.address, state=one.state, reply=one.reply, text=one.text)
            for status in await self._store.status([claim.id])
            for one in status.recipients
        ]
        work.sender = self
        self._settler.add(Outcome(work=work, result=expired(claim, known), answers=self._unheard))
        return False


def _key(claim: Claim) -> tuple[str, int]:
    return claim.id, claim.attempt
