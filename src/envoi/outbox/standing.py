"""What a worker knows of the accounts and of the store's clock, and how old that may be.

Rules and states are in the store, since all workers share them; here is a copy, renewed when somebody is
about to rely on it. Instants of the store are turned into those of the monotonic clock, which cannot be set.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from envoi.outbox.account_rules import AccountRules
from envoi.outbox.account_state import AccountState

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from envoi.outbox.store import Store
    from envoi.ports import Clock

__all__ = ["EngineTime", "Standing"]

#: Seconds after which the accounts are read again, and the clocks compared.
ACCOUNTS_FRESH, CLOCK_FRESH = 1.0, 5.0


class EngineTime:
    """The store's clock, asked now and then and carried on by the machine's own; safe for threads."""

    __slots__ = ("_clock", "_known", "_store")

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: tuple[datetime, float] | None = None

    async def now(self) -> datetime:
        """The instant, of the store's clock."""
        known, moment = self._known, self._clock.monotonic()
        if known is None or moment - known[1] > CLOCK_FRESH:
            instant = await self._store.now()
            moment = self._clock.monotonic()
            self._known = known = (instant, moment)
        return known[0] + timedelta(seconds=moment - known[1])

    async def monotonic(self, instant: datetime) -> float:
        """When that instant of the store's is, by the monotonic clock."""
        return (instant - await self.now()).total_seconds() + self._clock.monotonic()


class Standing:
    """The accounts: how they are treated, and how they are."""

    __slots__ = ("_accounts", "_at", "_clock", "_store")

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._at = float("-inf")
        self._accounts: dict[str, tuple[AccountRules, AccountState]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """All accounts that are known."""
        return tuple(self._accounts)

    def rules(self, account: str) -> AccountRules:
        """How an account is treated; by default, like all that nobody declared."""
        known = self._accounts.get(account)
        return AccountRules(name=account) if known is None else known[0]

    def state(self, account: str) -> AccountState:
        """How an account is, as far as is known."""
        known = self._accounts.get(account)
        return AccountState() if known is None else known[1]

    async def refresh(self) -> None:
        """Read the accounts again, unless that was done a moment ago."""
        now = self._clock.monotonic()
        if now - self._at >= ACCOUNTS_FRESH:
            self._accounts = {rules.name: (rules, state) for rules, state in await self._store.accounts()}
            self._at = now

    async def change(self, account: str, change: Callable[[AccountState], AccountState]) -> AccountState:
        """Change an account's state for everybody, and return it."""
        state = await self._store.change_account(account, change)
        self._accounts[account] = (self.rules(account), state)
        return state
