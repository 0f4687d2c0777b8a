"""The queue in PostgreSQL: each method of the `Store` port finds its statements here, in its transaction.

What is done in them is in the modules beside this one. Whatever fails because the connection went away
is done once more on another: every operation is written so that twice is as good as once.
"""

from __future__ import annotations

from contextlib import suppress as ignored
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from envoi.drivers.postgres_store import (
    accounts,
    claiming,
    contents,
    doorbell,
    figures,
    finding,
    leases,
    looking,
    schema,
    settling,
    steering,
    suppressions,
    upkeep,
)
from envoi.drivers.postgres_store.accepting import accept
from envoi.drivers.postgres_store.connections import joined
from envoi.drivers.postgres_store.failures import is_passing
from envoi.drivers.postgres_store.link import NOW, instant
from envoi.errors import OutboxError, StoreUnavailable
from envoi.outbox.account_state import hold_connections
from envoi.outbox.model import Claimed

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence

    from envoi.drivers.postgres_store.link import Database, Link
    from envoi.outbox.account_rules import AccountRules
    from envoi.outbox.account_state import AccountState
    from envoi.outbox.model import (
        Accepted,
        Blob,
        Claim,
        Content,
        Event,
        Extended,
        MessageStatus,
        NewMessage,
        Page,
        Query,
        RecipientResult,
        Settlement,
        Stats,
        Suppression,
    )

__all__ = ["PostgresStore"]

T = TypeVar("T")


class PostgresStore:
    """See `envoi.outbox.store.Store`; the colour is that of the database."""

    def __init__(
        self, database: Database, *, blocking: bool, wall: Callable[[], datetime] | None = None
    ) -> None:
        self._database = database
        self._blocking = blocking
        self._wall = wall
        self._known = False
        # The last change that an empty claim saw.
        self._seen = 0

    # Accepting

    async def put(self, messages: Sequence[NewMessage], *, connection: Any = None) -> tuple[Accepted, ...]:
        """See `Store.put`."""
        if not messages:
            return ()
        if connection is not None:
            async with joined(connection, blocking=self._blocking) as link:
                return await accept(link, messages, ring=False, again=False)
        await self._require_known()
        again = False
        while True:
            try:
                async with self._database.transaction() as link:
                    return await accept(link, messages, ring=True, again=again)
            except StoreUnavailable as error:
                if again or not is_passing(error):
                    raise
                # It may be on disk: the second time begins with a look.
                again = True

    async def keep(self, octets: AsyncIterable[bytes]) -> Blob | bytes:
        """See `Store.keep`."""
        await self._require_known()
        return await contents.keep(self._database, octets, await self.now())

    async def suppressed(self, addresses: Sequence[str]) -> tuple[Suppression, ...]:
        """See `Store.suppressed`."""
        return await self._ask(partial(suppressions.suppressed, addresses=addresses)) if addresses else ()

    # Working

    async def claim(
        self, owner: str, most: int, lease: float, accounts: Sequence[str] | None = None
    ) -> Claimed:
        """See `Store.claim`."""

        async def job(link: Link, now: datetime) -> tuple[list[Claim], datetime | None]:
            who = claiming.Claimant(owner=owner, now=now, lease=timedelta(seconds=lease))
            claims, wake_at = await claiming.claim_due(link, who, most, accounts)
            if len(claims) < most:
                self._seen = await figures.raised(link)
                wake_at = await claiming.next_wake(link, now, accounts)
            return claims, wake_at

        return await self._claim(job)

    async def claim_these(self, owner: str, ids: Sequence[str], lease: float) -> Claimed:
        """See `Store.claim_these`."""

        async def job(link: Link, now: datetime) -> tuple[list[Claim], datetime | None]:
            who = claiming.Claimant(owner=owner, now=now, lease=timedelta(seconds=lease))
            return await claiming.claim_these(link, who, _valid(ids))

        return await self._claim(job)

    async def content(self, claim: Claim) -> Content:
        """See `Store.content`."""
        return await self.read(claim.id)

    async def extend(self, owner: str, lease: float) -> Extended:
        """See `Store.extend`."""
        return await self._write(partial(leases.extend, owner=owner, lease=lease))

    async def mark_dots(self, claims: Sequence[Claim]) -> frozenset[str]:
        """See `Store.mark_dots`."""
        return await self._ask(partial(leases.mark_dots, claims=claims)) if claims else frozenset()

    async def settle(self, settlements: Sequence[Settlement]) -> tuple[bool, ...]:
        """See `Store.settle`."""
        if not settlements:
            return ()
        tries = count()
        return await self._write(
            lambda link, now: settling.settle(link, now, settlements, again=next(tries) > 0)
        )

    async def give_back(self, claims: Sequence[Claim]) -> None:
        """See `Store.give_back`."""
        if claims:
            await self._write(partial(leases.give_back, claims=claims))

    async def reap(self, lease: float) -> int:  # noqa: ARG002 - the clock is the database's: it knows what is over
        """See `Store.reap`."""
        taken = await self._write(leases.reap)
        await self._write(upkeep.tidy)
        return taken

    async def change_account(self, name: str, change: Callable[[AccountState], AccountState]) -> AccountState:
        """See `Store.change_account`; not done twice, for the change may be a count."""
        await self._require_known()
        async with self._database.transaction() as link:
            return await accounts.change_account(link, name, lambda _, state: change(state))

    async def connections(self, owner: str, account: str, wanted: int, lease: float) -> int:
        """See `Store.connections`."""
        held = 0

        def hold(rules: AccountRules, state: AccountState) -> AccountState:
            nonlocal held
            held, new = hold_connections(rules.limits, state, owner, wanted, now, lease)
            return new

        await self._require_known()
        async with self._database.transaction() as link:
            now = self._instant(link.began_at)
            await accounts.change_account(link, account, hold)
        return held

    # Looking

    async def status(self, ids: Sequence[str]) -> tuple[MessageStatus, ...]:
        """See `Store.status`."""
        return await self._ask(partial(looking.status, ids=_valid(ids)))

    async def find(self, query: Query, *, after: str | None = None, most: int = 100) -> Page:
        """See `Store.find`."""
        return await self._ask(partial(finding.find, query=query, after=after, most=most))

    async def stats(self) -> Stats:
        """See `Store.stats`."""
        now = await self.now()
        return await self._ask(partial(figures.stats, now=now))

    async def events(self, after: int | None, most: int = 1000) -> tuple[Event, ...]:
        """See `Store.events`."""
        return await self._ask(partial(looking.events, after=after, most=most))

    async def read(self, message: str) -> Content:
        """See `Store.read`."""
        if not _valid([message]):
            raise OutboxError(f"there is no content: {message!r} is no id of a message")
        return await self._ask(partial(contents.fetch, message=message))

    # Steering

    async def cancel(self, ids: Sequence[str]) -> frozenset[str]:
        """See `Store.cancel`."""
        return await self._write(partial(steering.cancel, ids=_valid(ids)))

    async def retry(self, ids: Sequence[str], *, expires_at: datetime) -> frozenset[str]:
        """See `Store.retry`."""
        return await self._write(partial(steering.retry, ids=_valid(ids), expires_at=expires_at))

    async def reschedule(self, ids: Sequence[str], due_at: datetime) -> frozenset[str]:
        """See `Store.reschedule`."""
        return await self._write(lambda link, _: steering.reschedule(link, _valid(ids), due_at))

    async def move(self, account: str, to: str, most: int = 1000) -> int:
        """See `Store.move`."""
        return await self._write(partial(steering.move, account=account, to=to, most=most))

    async def hold(self, ids: Sequence[str]) -> frozenset[str]:
        """See `Store.hold`."""
        return await self._write(partial(steering.hold, ids=_valid(ids)))

    async def release(self, ids: Sequence[str]) -> frozenset[str]:
        """See `Store.release`."""
        return await self._write(partial(steering.release, ids=_valid(ids)))

    async def purge(self, before: datetime, most: int = 1000) -> int:
        """See `Store.purge`."""
        return await self._write(partial(steering.purge, before=before, most=most))

    async def note(self, message: str, results: Sequence[RecipientResult], kind: str) -> bool:
        """See `Store.note`; not done twice, for each time makes events."""
        if not _valid([message]):
            return False
        await self._require_known()
        async with self._database.transaction() as link:
            now = self._instant(link.began_at)
            return await steering.note(link, now, message=message, results=results, kind=kind)

    async def suppress(self, entries: Sequence[Suppression]) -> None:
        """See `Store.suppress`."""
        if entries:
            await self._ask(partial(suppressions.suppress, entries=entries))

    async def unsuppress(self, addresses: Sequence[str]) -> int:
        """See `Store.unsuppress`."""
        return await self._ask(partial(suppressions.unsuppress, addresses=addresses)) if addresses else 0

    async def suppressions(self, *, after: str | None = None, most: int = 1000) -> tuple[Suppression, ...]:
        """See `Store.suppressions`."""
        return await self._ask(partial(suppressions.suppressions, after=after, most=most))

    # Accounts

    async def declare(self, rules: Sequence[AccountRules]) -> None:
        """See `Store.declare`."""
        if rules:
            await self._ask(partial(accounts.declare, rules=rules))

    async def accounts(self) -> tuple[tuple[AccountRules, AccountState], ...]:
        """See `Store.accounts`."""
        return await self._ask(accounts.accounts)

    # Plumbing

    async def now(self) -> datetime:
        """See `Store.now`."""
        if self._wall is not None:
            return self._wall()
        return instant(await self._again(partial(self._database.run, NOW)))

    async def wait(self, timeout: float) -> bool:
        """See `Store.wait`."""
        await self._require_known()
        return await doorbell.wait(self._database, timeout, self._seen)

    async def rouse(self) -> None:
        """See `Store.rouse`."""
        await self._ask(doorbell.ring)

    async def migrate(self, *, dry_run: bool = False) -> tuple[str, ...]:
        """See `Store.migrate`."""
        return await self._again(partial(schema.migrate, self._database, dry_run=dry_run))

    async def check(self) -> tuple[str, ...]:
        """See `Store.check`."""
        return await self._again(partial(upkeep.problems, self._database))

    async def close(self) -> None:
        """See `Store.close`."""
        await self._database.close()

    async def _require_known(self) -> None:
        if not self._known:
            await self._again(partial(schema.require_known, self._database))
            self._known = True

    def _instant(self, began_at: datetime) -> datetime:
        return began_at if self._wall is None else self._wall()

    async def _ask(self, job: Callable[[Database], Awaitable[T]]) -> T:
        """Do something that makes transactions of its own."""
        await self._require_known()
        return await self._again(partial(job, self._database))

    async def _write(self, job: Callable[[Link, datetime], Awaitable[T]]) -> T:
        """Do something in one transaction, with the instant in which it began."""
        await self._require_known()

        async def once() -> T:
            async with self._database.transaction() as link:
                return await job(link, self._instant(link.began_at))

        return await self._again(once)

    async def _claim(
        self, job: Callable[[Link, datetime], Awaitable[tuple[list[Claim], datetime | None]]]
    ) -> Claimed:
        """Claim in one transaction; if nobody knows whether it was committed, ask for what it claimed."""
        await self._require_known()
        claims: list[Claim] = []
        wake_at: datetime | None = None

        async def once() -> Claimed:
            nonlocal claims, wake_at
            if claims and await leases.still_held(self._database, claims):
                return Claimed(claims=tuple(claims), wake_at=wake_at)
            async with self._database.transaction() as link:
                claims, wake_at = await job(link, self._instant(link.began_at))
            return Claimed(claims=tuple(claims), wake_at=wake_at)

        return await self._again(once)

    @staticmethod
    async def _again(job: Callable[[], Awaitable[T]]) -> T:
        try:
            return await job()
        except StoreUnavailable as error:
            if not is_passing(error):
                raise
            return await job()


def _valid(ids: Iterable[str]) -> list[str]:
    """The ids that can be ids at all."""
    valid: list[str] = []
    for id_ in ids:
        with ignored(ValueError):
            valid.append(UUID(hex=id_).hex)
    return valid
