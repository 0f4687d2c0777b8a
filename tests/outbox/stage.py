"""A stage for workers: a real store, servers that do as the test says, and time that nobody waits for.

The store is SQLite in the blocking colour, which never suspends and so takes no time here; `Wrapped` makes
its calls fail when a test wants that. The couriers stand for sessions.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from envoi.drivers.crew_aio import TaskCrew
from envoi.drivers.identity import uuid7
from envoi.drivers.sqlite_store import open_store
from envoi.errors import StoreUnavailable
from envoi.message.raw import RawEmail
from envoi.outbox.courier import Attempt
from envoi.outbox.herald import Listeners
from envoi.outbox.office import Office
from envoi.outbox.policy import Backoff
from envoi.outbox.submitting import Order
from envoi.outbox.worker import Coordinator, WorkerOptions
from tests.outbox import virtual_time
from tests.outbox.values import CONTENT, reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
    from pathlib import Path

    from envoi.message.envelope import DeliveryOptions
    from envoi.outbox.account_rules import AccountRules
    from envoi.outbox.model import Claim, Content, MessageStatus, State, Ticket
    from envoi.outbox.store import Store

    Answer = Callable[[Claim, tuple[str, ...]], Attempt | Coroutine[Any, Any, Attempt]]

QUEUED = reply("250 2.0.0 queued")
BODY = CONTENT


def taken(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
    """The server takes everything."""
    return Attempt(accepted=recipients, reply=QUEUED)


class Wrapped:
    """A store whose calls can be made to fail, and are counted."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls: Counter[str] = Counter()
        self.failing: Counter[str] = Counter()
        self.before: dict[str, Callable[..., Awaitable[None]]] = {}
        self.rung = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        async def called(*arguments: Any, **options: Any) -> Any:
            self.calls[name] += 1
            if name in self.before:
                await self.before[name](*arguments, **options)
            if self.failing[name]:
                self.failing[name] -= 1
                raise StoreUnavailable(f"{name} does not work")
            return await method(*arguments, **options)

        return called

    async def put(self, *arguments: Any, **options: Any) -> Any:
        """As it is, and then the doorbell."""
        accepted = await self._store.put(*arguments, **options)
        self.rung.set()
        return accepted

    async def rouse(self) -> None:
        """The doorbell, for this stage alone."""
        self.calls["rouse"] += 1
        if self.failing["rouse"]:
            self.failing["rouse"] -= 1
            raise StoreUnavailable("rouse does not work")
        self.rung.set()

    async def wait(self, timeout: float) -> bool:
        """The doorbell; the store's own would block."""
        self.calls["wait"] += 1
        if self.failing["wait"]:
            self.failing["wait"] -= 1
            raise StoreUnavailable("wait does not work")
        try:
            async with asyncio.timeout(timeout):
                await self.rung.wait()
        except TimeoutError:
            return False
        self.rung.clear()
        return True


class Server:
    """Couriers to one server per account, and what they carried."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = defaultdict(lambda: taken)
        self.carried: list[tuple[float, str, str, tuple[str, ...], bytes]] = []
        self.handshake: Callable[[], Awaitable[None]] | None = None
        self.begun: Counter[str] = Counter()
        self.open: Counter[str] = Counter()
        self.most_open: Counter[str] = Counter()

    def courier(self, account: str) -> _Courier:
        """What a worker asks for."""
        return _Courier(self, account)

    @property
    def ids(self) -> list[str]:
        """What arrived, in order."""
        return [id_ for _, _, id_, _, _ in self.carried]


class _Courier:
    def __init__(self, server: Server, account: str) -> None:
        self._server = server
        self._account = account
        self._open = False

    async def deliver(
        self,
        claim: Claim,
        recipients: tuple[str, ...],
        content: Content,
        permit: Callable[[], Awaitable[None]],
    ) -> Attempt:
        server, account = self._server, self._account
        await self.be_ready()
        server.begun[claim.id] += 1
        made = server.answers[account](claim, recipients)
        attempt = made if isinstance(made, Attempt) else await made
        await permit()
        if attempt.accepted:
            octets = content.octets if content.octets is not None else b""
            now = asyncio.get_running_loop().time()
            server.carried.append((now, account, claim.id, attempt.accepted, octets))
        return attempt

    async def be_ready(self) -> None:
        server, account = self._server, self._account
        if self._open:
            return
        if server.handshake:
            await server.handshake()
        self._open = True
        server.open[account] += 1
        server.most_open[account] = max(server.most_open[account], server.open[account])

    async def rest(self) -> None:
        if self._open:
            self._open = False
            self._server.open[self._account] -= 1


class Stage:
    """One outbox with whoever is on it."""

    def __init__(self, folder: Path) -> None:
        self.clock = virtual_time.VirtualClock(asyncio.get_running_loop())
        self.store: Any = Wrapped(
            open_store(folder / "outbox.db", wall=self.clock.now, steady=self.clock.monotonic)
        )
        self.server = Server()
        self.office = Office(self.store, self.clock, uuid7)
        self.failed: list[MessageStatus] = []

    async def submit(
        self, *recipients: str, body: bytes = BODY, sender: str = "a@example.org", **order: Any
    ) -> Ticket:
        """Accept a mail to b@example.org unless said otherwise."""
        options: DeliveryOptions | None = order.pop("options", None)
        mail = RawEmail(body, sender=sender, recipients=recipients or ["b@example.org"], options=options)
        order.setdefault("account", "default")
        return await self.office.submit(mail, mail.envelope(), Order(**order))

    async def declare(self, *rules: AccountRules) -> None:
        """Say how accounts are treated."""
        await self.store.declare(rules)

    async def states(self, ticket: Ticket) -> dict[str, State]:
        """The states of a message's recipients."""
        status = await self.office.status(ticket)
        return {one.address: one.state for one in status.recipients}

    def coordinator(self, **options: Any) -> Coordinator:
        """A worker, and the crew it has to itself."""
        listeners = Listeners(
            failed=options.pop("on_failed", self.failed.append),
            event=options.pop("on_event", None),
        )
        jitter = options.pop("jitter", lambda: 1.0)
        crew = TaskCrew()
        made = Coordinator(
            WorkerOptions(**{"owner": uuid7(), "backoff": Backoff(), **options}),
            store=self.store,
            clock=self.clock,
            crew=crew,
            courier=self.server.courier,
            jitter=jitter,
            identity=uuid7,
            listeners=listeners,
        )
        self.crews[made] = crew
        return made

    crews: dict[Coordinator, TaskCrew]

    @asynccontextmanager
    async def working(self, **options: Any) -> AsyncIterator[Coordinator]:
        """A worker that runs meanwhile."""
        coordinator = self.coordinator(**options)
        task = asyncio.create_task(coordinator.run())
        try:
            yield coordinator
        finally:
            coordinator.stop()
            await task
            await self.crews[coordinator].join()

    async def deliver(self, *ids: str, **options: Any) -> None:
        """A worker that tries these."""
        coordinator = self.coordinator(**options)
        await coordinator.deliver(ids)
        await self.crews[coordinator].join()

    async def pass_time(self, seconds: float) -> None:
        """Let so much time pass."""
        await asyncio.sleep(seconds)


def play(folder: Path, act: Callable[[Stage], Awaitable[None]]) -> None:
    """Play a scene."""

    async def scene() -> None:
        stage = Stage(folder)
        stage.crews = {}
        try:
            await act(stage)
        finally:
            await stage.store.close()

    virtual_time.run(scene())
