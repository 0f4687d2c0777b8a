"""Settling: outcomes that senders hand back become settlements, a batch at a time, in one commit.

The decisions are `policy`'s; here an account's pause is changed once for all who found the same, the messages
of a server that stays away are handed to the failover, and whoever waits is told once the batch is on disk. A
store that does not answer loses nothing: the batch stays, and senders complete no further message.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from envoi.outbox.account_changes import FAILOVER_AFTER, reached, slowed, unreachable, untold
from envoi.outbox.desk import Answer
from envoi.outbox.policy import Decision, Effect, judge, settlement

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi.outbox.account_state import AccountState
    from envoi.outbox.courier import Attempt
    from envoi.outbox.desk import Outcome
    from envoi.outbox.model import Claim, Settlement
    from envoi.outbox.notifying import Reporter
    from envoi.outbox.policy import Backoff
    from envoi.outbox.standing import EngineTime, Standing
    from envoi.outbox.store import Store

__all__ = ["Settler"]


class Settler:
    """The outcomes that are not on disk yet, and the way there.

    Args:
        store: where they are written.
        time: its clock.
        standing: the accounts.
        reporter: makes what tells the sender.
        backoff: how long the deferred wait.
        jitter: draws a random number from 0 to 1.
    """

    __slots__ = ("_backoff", "_jitter", "_outcomes", "_reporter", "_standing", "_store", "_time")

    def __init__(
        self,
        store: Store,
        time: EngineTime,
        standing: Standing,
        *,
        reporter: Reporter,
        backoff: Backoff,
        jitter: Callable[[], float],
    ) -> None:
        self._store = store
        self._time = time
        self._standing = standing
        self._reporter = reporter
        self._backoff = backoff
        self._jitter = jitter
        self._outcomes: list[Outcome] = []

    def add(self, outcome: Outcome) -> None:
        """Take an outcome."""
        self._outcomes.append(outcome)

    @property
    def senders(self) -> set[object]:
        """Those whose outcomes wait."""
        return {outcome.work.sender for outcome in self._outcomes}

    def __len__(self) -> int:
        return len(self._outcomes)

    async def flush(self) -> tuple[list[Outcome], list[Settlement]]:
        """Write down what waits; return it, and the settlements for which the claims still held.

        Raises:
            StoreUnavailable: it still waits.
        """
        now = await self._time.now()
        decided = [
            (outcome.work.claim, self._decide(outcome.work.claim, outcome.result, now))
            for outcome in self._outcomes
            if outcome.result is not None
        ]
        due = await self._tell_accounts(decided, now)
        settlements = [
            await self._reporter.reported(
                claim, self._settlement(claim, decision, due.get(claim.account, now), now), now
            )
            for claim, decision in decided
        ]
        kept = await self._store.settle(settlements) if settlements else ()
        outcomes, self._outcomes = self._outcomes, []
        for outcome in outcomes:
            outcome.answers.put(Answer(work=outcome.work))
        return outcomes, [one for one, was_kept in zip(settlements, kept, strict=True) if was_kept]

    def _decide(self, claim: Claim, result: Attempt | Decision, now: datetime) -> Decision:
        if isinstance(result, Decision):
            return result
        on_unknown = self._standing.rules(claim.account).on_unknown
        return judge(claim, result, on_unknown, self._backoff, now, self._jitter())

    async def _tell_accounts(
        self, decided: list[tuple[Claim, Decision]], now: datetime
    ) -> dict[str, datetime]:
        """Change the accounts as the attempts suggest; return until when each must wait."""
        found = Counter((claim.account, decision.effect) for claim, decision in decided)
        due: dict[str, datetime] = {}
        for account in {claim.account for claim, _ in decided}:
            change = self._change(account, found, now)
            if change is not None:
                state = await self._standing.change(account, change)
                due[account] = max(now, datetime.fromtimestamp(state.paused_until, UTC))
        return due

    def _change(
        self, account: str, found: Counter[tuple[str, Effect]], now: datetime
    ) -> Callable[[AccountState], AccountState] | None:
        if found[account, Effect.UNREACHABLE]:
            return unreachable(now, self._jitter())
        if found[account, Effect.SLOWED]:
            return slowed(now, self._jitter())
        state = self._standing.state(account)
        if found[account, Effect.REACHED]:
            return reached(found[account, Effect.REACHED]) if state.failures or state.pace else None
        return untold if state.failures else None

    def _settlement(self, claim: Claim, decision: Decision, due_at: datetime, now: datetime) -> Settlement:
        failover = self._failover(claim, decision)
        # Another account does not wait for the pause of this one.
        return settlement(claim, decision, now if failover else due_at, failover)

    def _failover(self, claim: Claim, decision: Decision) -> str:
        down = self._standing.state(claim.account).failures >= FAILOVER_AFTER
        if not (down and decision.effect is Effect.UNREACHABLE):
            return ""
        return self._standing.rules(claim.account).failover
