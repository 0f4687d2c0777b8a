"""`SQLiteStore`: the port `envoi.outbox.store.Store` over a file of SQLite, in either colour.

Each method hands a function of the neighbouring modules to the committer or to a reader, and says nothing
itself; the port's docstrings hold. What the colours do differently is in `colours`.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from envoi.drivers import system
from envoi.drivers.sqlite_store import (
    accepting,
    accounts,
    afterwards,
    checking,
    claiming,
    finding,
    looking,
    settling,
    steering,
    suppressing,
    tending,
)
from envoi.drivers.sqlite_store.borrowed import borrowed
from envoi.drivers.sqlite_store.colours import ASYNCIO, BLOCKING
from envoi.drivers.sqlite_store.engine import Engine, Files
from envoi.drivers.sqlite_store.ledger import post
from envoi.drivers.sqlite_store.migrating import migrate
from envoi.drivers.sqlite_store.spool import LARGE
from envoi.errors import StoreUnavailable
from envoi.outbox.model import Blob

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Sequence

    from envoi.drivers.sqlite_store.colours import Colour
    from envoi.drivers.sqlite_store.transaction import Transaction
    from envoi.outbox.account_rules import AccountRules
    from envoi.outbox.account_state import AccountState
    from envoi.outbox.model import (
        Accepted,
        Claim,
        Claimed,
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

__all__ = ["SQLiteStore", "open_store", "open_store_async"]

T = TypeVar("T")


def open_store(
    path: str | os.PathLike[str],
    *,
    wall: Callable[[], datetime] | None = None,
    steady: Callable[[], float] | None = None,
    network_file_system: bool = False,
) -> SQLiteStore:
    """Return the store in a file, for blocking code; it is opened, or made, when it is first used.

    Args:
        path: of the file; what belongs to it is in a folder of that name with ``.d`` behind.
        wall: the clock that instants are of; for tests.
        steady: seconds of a clock that never jumps; for tests.
        network_file_system: accept a file system over a network, because one machine alone uses it.
    """
    return SQLiteStore(path, BLOCKING, wall=wall, steady=steady, network=network_file_system)


def open_store_async(
    path: str | os.PathLike[str],
    *,
    wall: Callable[[], datetime] | None = None,
    steady: Callable[[], float] | None = None,
    network_file_system: bool = False,
) -> SQLiteStore:
    """Return the store in a file, for asyncio; see `open_store`."""
    return SQLiteStore(path, ASYNCIO, wall=wall, steady=steady, network=network_file_system)


class SQLiteStore:
    """The queue in a file; safe for threads, tasks, processes and forks."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        colour: Colour,
        *,
        wall: Callable[[], datetime] | None,
        steady: Callable[[], float] | None,
        network: bool,
    ) -> None:
        self._files = Files(Path(path).absolute())
        self._colour = colour
        self._wall = wall or system.now
        self._steady = steady or time.monotonic
        self._network = network
        self._opening = threading.Lock()
        self._opened: Engine | None = None
        self._closed = False
        _stores.add(self)

    # Accepting

    async def put(self, messages: Sequence[NewMessage], *, connection: Any = None) -> tuple[Accepted, ...]:
        """Write the messages in one commit, or in the transaction that is open on `connection`."""
        engine = await self._engine()
        ready = [await self._spooled(engine, message) for message in messages]
        if connection is not None:
            with borrowed(connection, self._files.path, engine.now()) as tx:
                return accepting.put(tx, ready)
        octets = sum(len(message.content) for message in ready if isinstance(message.content, bytes))
        return await self._colour.commit(engine.committer, lambda tx: accepting.put(tx, ready), octets)

    async def _spooled(self, engine: Engine, message: NewMessage) -> NewMessage:
        content = message.content
        if isinstance(content, Blob):
            engine.spool.spare(content.name)
        elif len(content) >= LARGE:
            return replace(message, content=await self._colour.run(lambda: engine.spool.write(content)))
        return message

    async def keep(self, octets: AsyncIterable[bytes]) -> Blob | bytes:
        """Keep a content of unknown size."""
        engine = await self._engine()
        begun = bytearray()
        file = None
        try:
            async for piece in octets:
                begun += piece
                if len(begun) >= LARGE:
                    file = file or engine.spool.begin()
                    await self._colour.run(_writing(file.write, bytes(begun)))
                    begun.clear()
            if file is None:
                return bytes(begun)
            file.write(bytes(begun))
            return await self._colour.run(file.finish)
        finally:
            if file is not None:
                file.abandon()

    async def suppressed(self, addresses: Sequence[str]) -> tuple[Suppression, ...]:
        """Return which of the addresses are suppressed."""
        return await self._read(lambda tx: suppressing.suppressed(tx, addresses))

    # Working

    async def claim(
        self, owner: str, most: int, lease: float, accounts: Sequence[str] | None = None
    ) -> Claimed:
        """Claim up to `most` messages that are due."""
        engine = await self._living(owner)
        if not engine.doorbell.is_ready:
            await self._colour.run(engine.doorbell.ready)
        return await self._write(lambda tx: claiming.claim(tx, owner, most, lease, accounts))

    async def claim_these(self, owner: str, ids: Sequence[str], lease: float) -> Claimed:
        """Claim these messages as far as they are due and nobody has them."""
        await self._living(owner)
        return await self._write(lambda tx: claiming.claim_these(tx, owner, ids, lease))

    async def content(self, claim: Claim) -> Content:
        """Return the octets that a claim came without."""
        return await self.read(claim.id)

    async def extend(self, owner: str, lease: float) -> Extended:
        """Lengthen all claims and held connections of the owner."""
        return await self._write(lambda tx: tending.extend(tx, owner, lease))

    async def mark_dots(self, claims: Sequence[Claim]) -> frozenset[str]:
        """Note durably that the final dot of these claims is about to be written."""
        return await self._write(lambda tx: tending.mark_dots(tx, claims))

    async def settle(self, settlements: Sequence[Settlement]) -> tuple[bool, ...]:
        """Write the outcomes in one commit; False for each that came too late."""
        return await self._write(lambda tx: settling.settle(tx, settlements))

    async def give_back(self, claims: Sequence[Claim]) -> None:
        """Return claims that were not tried."""
        await self._write(lambda tx: tending.give_back(tx, claims))

    async def reap(self, lease: float) -> int:
        """Take back what dead workers hold."""
        engine = await self._engine()
        await self._colour.run(engine.sweep)
        return await self._colour.run(lambda: engine.reap(lease))

    async def change_account(self, name: str, change: Callable[[AccountState], AccountState]) -> AccountState:
        """Apply `change` to the account's state."""
        return await self._write(lambda tx: accounts.change(tx, name, change))

    async def connections(self, owner: str, account: str, wanted: int, lease: float) -> int:
        """Hold up to `wanted` of the account's connections."""
        await self._living(owner)
        return await self._write(lambda tx: accounts.connect(tx, owner, account, wanted, lease))

    # Looking

    async def status(self, ids: Sequence[str]) -> tuple[MessageStatus, ...]:
        """Return what is known of these messages."""
        return await self._read(lambda tx: looking.status(tx, ids))

    async def find(self, query: Query, *, after: str | None = None, most: int = 100) -> Page:
        """List messages, newest first."""
        return await self._read(lambda tx: finding.find(tx, query, after, most))

    async def stats(self) -> Stats:
        """Return the figures."""
        return await self._read(looking.stats)

    async def events(self, after: int | None, most: int = 1000) -> tuple[Event, ...]:
        """Return what happened after a position."""
        return await self._read(lambda tx: looking.events(tx, after, most))

    async def read(self, message: str) -> Content:
        """Return the octets of a message."""
        engine = await self._engine()
        return await self._read(lambda tx: looking.content(tx, message, engine.spool))

    # Steering

    async def cancel(self, ids: Sequence[str]) -> frozenset[str]:
        """Cancel what is open."""
        return await self._write(lambda tx: steering.cancel(tx, ids))

    async def retry(self, ids: Sequence[str], *, expires_at: datetime) -> frozenset[str]:
        """Make failed, unknown and deferred recipients pending and due now."""
        return await self._write(lambda tx: steering.retry(tx, ids, expires_at))

    async def reschedule(self, ids: Sequence[str], due_at: datetime) -> frozenset[str]:
        """Make waiting messages due at another time."""
        return await self._write(lambda tx: steering.reschedule(tx, ids, due_at))

    async def move(self, account: str, to: str, most: int = 1000) -> int:
        """Hand waiting messages of an account that are due over to another."""
        return await self._write(lambda tx: steering.move(tx, account, to, most))

    async def hold(self, ids: Sequence[str]) -> frozenset[str]:
        """Let no worker have waiting messages."""
        return await self._write(lambda tx: steering.hold(tx, ids))

    async def release(self, ids: Sequence[str]) -> frozenset[str]:
        """Let held messages go on."""
        return await self._write(lambda tx: steering.release(tx, ids))

    async def purge(self, before: datetime, most: int = 1000) -> int:
        """Forget messages done before an instant."""
        return await self._write(lambda tx: afterwards.purge(tx, before, most))

    async def note(self, message: str, results: Sequence[RecipientResult], kind: str) -> bool:
        """Record what was learnt later."""
        return await self._write(lambda tx: afterwards.note(tx, message, results, kind))

    async def suppress(self, entries: Sequence[Suppression]) -> None:
        """Write to these addresses no more."""
        await self._write(lambda tx: suppressing.suppress(tx, entries))

    async def unsuppress(self, addresses: Sequence[str]) -> int:
        """Take addresses off the list."""
        return await self._write(lambda tx: suppressing.unsuppress(tx, addresses))

    async def suppressions(self, *, after: str | None = None, most: int = 1000) -> tuple[Suppression, ...]:
        """List suppressed addresses."""
        return await self._read(lambda tx: suppressing.list_some(tx, after, most))

    # Accounts

    async def declare(self, rules: Sequence[AccountRules]) -> None:
        """Write down how accounts are treated."""
        await self._write(lambda tx: accounts.declare(tx, rules))

    async def accounts(self) -> tuple[tuple[AccountRules, AccountState], ...]:
        """Return all accounts."""
        return await self._read(accounts.list_all)

    # Plumbing

    async def now(self) -> datetime:
        """The engine's clock."""
        return self._wall().astimezone(UTC)

    async def wait(self, timeout: float) -> bool:
        """Wait until something was put or became due through others."""
        engine = await self._engine()
        bell = await self._colour.run(engine.doorbell.take)
        try:
            end = time.monotonic() + timeout
            while not bell.rung():
                left = end - time.monotonic()
                if left <= 0:
                    return False
                await self._colour.rest(bell, min(left, bell.look_after))
        except sqlite3.ProgrammingError:
            raise self._shut() from None
        else:
            return True
        finally:
            engine.doorbell.put_back(bell)

    async def rouse(self) -> None:
        """Have everybody who waits look."""
        engine = await self._engine()
        await self._colour.run(engine.doorbell.ring)

    async def migrate(self, *, dry_run: bool = False) -> tuple[str, ...]:
        """Bring the schema up to this version."""
        return await self._colour.run(
            lambda: migrate(self._files, self._wall(), network=self._network, dry_run=dry_run)
        )

    async def check(self) -> tuple[str, ...]:
        """Return what is wrong with the store."""
        engine = await self._engine()
        return await self._read(lambda tx: checking.check(tx, self._files, engine.spool))

    async def close(self) -> None:
        """Finish what was begun, and let go."""
        with self._opening:
            engine, self._opened, self._closed = self._opened, None, True
        if engine is not None:
            await self._colour.run(engine.close)

    # Inside

    async def _read(self, look: Callable[[Transaction], T]) -> T:
        engine = await self._engine()
        return await self._colour.run(lambda: engine.read(look))

    async def _write(self, operation: Callable[[Transaction], T]) -> T:
        engine = await self._engine()

        def posted(tx: Transaction) -> T:
            post(tx)
            return operation(tx)

        return await self._colour.commit(engine.committer, posted, 0)

    async def _living(self, owner: str) -> Engine:
        engine = await self._engine()
        # What is there already is not worth a change of threads for each claim.
        if not engine.owners.has(owner):
            await self._colour.run(lambda: engine.owners.live(owner))
        return engine

    async def _engine(self) -> Engine:
        opened = self._opened
        return opened if opened is not None else await self._colour.run(self._open)

    def _open(self) -> Engine:
        with self._opening:
            if self._closed:
                raise self._shut()
            if self._opened is None:
                self._opened = Engine(
                    self._files, network=self._network, wall=self._wall, steady=self._steady
                )
            return self._opened

    def _shut(self) -> StoreUnavailable:
        return StoreUnavailable(f"the outbox {self._files.path} was closed. Open it again")

    def forked(self) -> None:
        """Begin anew in a forked child: neither threads nor SQLite's connections cross a fork."""
        engine, self._opened, self._opening = self._opened, None, threading.Lock()
        if engine is not None:
            engine.leave_behind()


def _writing(write: Callable[[bytes], None], octets: bytes) -> Callable[[], None]:
    return lambda: write(octets)


_stores: weakref.WeakSet[SQLiteStore] = weakref.WeakSet()


def _forked() -> None:
    for store in list(_stores):
        store.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
