"""The lanes of a worker: for each account its senders, the work that waits for them, its connections.

An account gets as many senders as it has work for, up to the worker's number and up to what the account's
limit on connections leaves over all workers. A slow server holds up the mail of its own account alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.outbox.sender import Sender

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from envoi.outbox.courier import Courier
    from envoi.outbox.desk import Channel, Crew, Work
    from envoi.outbox.standing import Standing
    from envoi.outbox.store import Store
    from envoi.ports import Clock

__all__ = ["Lanes"]

#: How long an account whose connections are all in use is left to the others, seconds.
LEFT_TO_OTHERS = 2.0


class _Lane:
    __slots__ = ("allowed", "barred_until", "senders", "work")

    def __init__(self, work: Channel[Work | None]) -> None:
        self.work = work
        self.senders = 0
        self.allowed = 0
        self.barred_until = float("-inf")


class Lanes:
    """All lanes of a worker.

    Args:
        owner: the worker's name in the store.
        store: shares out connections, has large contents.
        clock: the machine's.
        crew: runs the senders.
        standing: the accounts.
        courier: makes the connection of a sender.
        news: where the coordinator listens.
        connections: senders of an account at most.
        lease: seconds for which connections are held unless that is extended.
    """

    def __init__(
        self,
        owner: str,
        *,
        store: Store,
        clock: Clock,
        crew: Crew,
        standing: Standing,
        courier: Callable[[str], Courier],
        news: Channel[object],
        connections: int,
        lease: float,
    ) -> None:
        self._owner = owner
        self._store = store
        self._clock = clock
        self._crew = crew
        self._standing = standing
        self._courier = courier
        self._news = news
        self._connections = connections
        self._lease = lease
        self._lanes: dict[str, _Lane] = {}

    @property
    def senders(self) -> int:
        """How many senders there are."""
        return sum(lane.senders for lane in self._lanes.values())

    def closed(self, counts: Mapping[str, int], most: int) -> set[str]:
        """Return the accounts for which nothing is to be claimed now.

        Args:
            counts: what is in hand of each.
            most: how much is enough.
        """
        now = self._clock.monotonic()
        full = {account for account, count in counts.items() if count >= most}
        return full | {account for account, lane in self._lanes.items() if lane.barred_until > now}

    async def give(self, account: str, works: list[Work], in_hand: int) -> list[Work]:
        """Hand work to the senders of an account; return what none of them may have.

        Args:
            account: whose.
            works: the work.
            in_hand: how many pieces the account has altogether, these included.
        """
        lane = self._lanes.get(account)
        if lane is None:
            lane = self._lanes[account] = _Lane(self._crew.channel())
        wanted = min(self._connections, in_hand)
        if wanted > lane.allowed:
            lane.allowed = await self._allowed(account, wanted)
        if not lane.allowed:
            lane.barred_until = self._clock.monotonic() + LEFT_TO_OTHERS
            return works
        for work in works:
            lane.work.put(work)
        while lane.senders < min(wanted, lane.allowed):
            self._start(account, lane)
        return []

    def ended(self, account: str, in_hand: Iterable[Work]) -> None:
        """A sender has ended; another begins if there is work after all."""
        lane = self._lanes[account]
        lane.senders -= 1
        if any(not work.taken for work in in_hand):
            self._start(account, lane)

    async def let_go(self) -> None:
        """Return the connections that nobody uses any more."""
        for account, lane in self._lanes.items():
            if lane.allowed and not lane.senders:
                lane.allowed = 0
                if self._standing.rules(account).limits.connections is not None:
                    await self._store.connections(self._owner, account, 0, self._lease)

    def drain(self) -> list[Work]:
        """Take back all work that no sender has yet, and let the senders end."""
        works: list[Work] = []
        for lane in self._lanes.values():
            while (work := lane.work.poll()) is not None:
                works.append(work)
            for _ in range(lane.senders):
                lane.work.put(None)
        return works

    async def _allowed(self, account: str, wanted: int) -> int:
        if self._standing.rules(account).limits.connections is None:
            return self._connections
        return await self._store.connections(self._owner, account, wanted, self._lease)

    def _start(self, account: str, lane: _Lane) -> None:
        lane.senders += 1
        sender = Sender(
            account,
            courier=self._courier(account),
            store=self._store,
            clock=self._clock,
            work=lane.work,
            news=self._news,
            answers=self._crew.channel(),
            standing=self._standing,
        )
        self._crew.start(sender.run())
