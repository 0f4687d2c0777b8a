"""`Worker` and `AsyncWorker`: what sends the mail of an outbox, in two colours.

Both are `envoi.outbox.worker` over sessions, with threads or with tasks; the two are kept alike by a test.
Signals are the program's business: a handler calls `stop`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from envoi.client.courier import SessionCourier
from envoi.client.outbox import office_of
from envoi.client.session import SMTPSession, conversation_of
from envoi.client.session_aio import AsyncSMTPSession
from envoi.drivers import system
from envoi.drivers.blocking import BlockingClock
from envoi.drivers.crew import ThreadCrew
from envoi.drivers.identity import uuid7
from envoi.errors import ConfigError, UsageError
from envoi.outbox.herald import Listeners
from envoi.outbox.policy import Backoff
from envoi.outbox.worker import Coordinator, WorkerOptions
from envoi.session.run import run_sync

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Iterable
    from types import TracebackType
    from typing import Self

    from envoi.client.outbox import Outbox
    from envoi.client.outbox_aio import AsyncOutbox
    from envoi.drivers.crew_aio import TaskCrew
    from envoi.outbox.desk import Crew
    from envoi.outbox.model import Event, MessageStatus
    from envoi.outbox.office import Office, TicketOrId
    from envoi.ports import Clock
    from envoi.session.conversation import Conversation

__all__ = ["AsyncWorker", "Worker", "serving"]


class Worker:
    """Sends what is in an outbox.

    Any number of workers may serve an outbox, in any number of processes and, on PostgreSQL, on any number of
    machines. What a worker has when it dies is taken over by the others.

    Args:
        outbox: whose mail it sends.
        session: called with the name of an account for a new session of it; `SMTPSession.from_account` by
            default.
        connections: connections to the server of an account, at most.
        accounts: the accounts it serves; all by default.
        lease: seconds after which the mails of a worker that went silent are taken over; 10 to 86,400.
        backoff: how long deferred recipients wait.
        on_failed: called with the status of each mail of which a recipient has failed for good, by the
            worker that found it out, after that is on disk.
        on_event: called with everything that happens from now on, whoever made it happen.

    Raises:
        ConfigError: a number that makes no sense.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        session: Callable[[str], SMTPSession] | None = None,
        connections: int = 4,
        accounts: Iterable[str] | None = None,
        lease: float = 60.0,
        backoff: Backoff | None = None,
        on_failed: Callable[[MessageStatus], object] | None = None,
        on_event: Callable[[Event], object] | None = None,
    ) -> None:
        self._blueprint = _Blueprint(
            office=office_of(outbox),
            conversation=_conversations(session or SMTPSession.from_account),
            connections=connections,
            accounts=None if accounts is None else tuple(accounts),
            lease=lease,
            backoff=backoff or Backoff(),
            listeners=Listeners(failed=on_failed, event=on_event),
        )
        self._coordinator: Coordinator | None = None
        self._background: threading.Thread | None = None

    def run(self) -> None:
        """Send until `stop`.

        Raises:
            UsageError: it is running already.
            StoreUnavailable: the store was away for five minutes, or is damaged.
        """
        coordinator, crew = self._begin()
        self._finish(coordinator.run(), crew)

    def deliver(self, *tickets: TicketOrId) -> None:
        """Try these mails once, as far as they are due and nobody has them: for task queues as a trigger.

        Raises:
            UsageError: it is running already.
        """
        coordinator, crew = self._begin()
        self._finish(coordinator.deliver([str(ticket) for ticket in tickets]), crew)

    def start(self) -> Self:
        """Send in the background until `close`; return the worker."""
        coordinator, crew = self._begin()
        self._background = threading.Thread(
            target=self._finish, args=(coordinator.run(), crew), name="envoi outbox", daemon=True
        )
        self._background.start()
        return self

    def stop(self) -> bool:
        """Have `run` finish what is in flight, give the rest back and return; from signal handlers, too.

        Returns:
            Whether there was something to stop: one that is not running yet will run all the same.
        """
        running = self._coordinator
        if running is not None:
            running.stop()
        return running is not None

    def close(self) -> None:
        """Stop, and wait for the end of what `start` began."""
        self.stop()
        background, self._background = self._background, None
        if background is not None:
            background.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self) -> tuple[Coordinator, ThreadCrew]:
        if self._coordinator is not None:
            raise UsageError(_RUNNING)
        run_sync(self._blueprint.office.ready())
        crew = ThreadCrew()
        self._coordinator = self._blueprint.coordinator(BlockingClock(), crew)
        return self._coordinator, crew

    def _finish(self, flow: Coroutine[Any, Any, None], crew: ThreadCrew) -> None:
        interrupted = False
        try:
            run_sync(flow)
        except BaseException as error:
            # By Ctrl-C: nobody waits for what is in flight, which may take minutes.
            interrupted = not isinstance(error, Exception)
            raise
        finally:
            if not interrupted:
                run_sync(crew.join())
            self._coordinator = None


class AsyncWorker:
    """Sends what is in an outbox for asyncio.

    Any number of workers may serve an outbox, in any number of processes and, on PostgreSQL, on any number of
    machines. What a worker has when it dies is taken over by the others.

    Args:
        outbox: whose mail it sends.
        session: called with the name of an account for a new session of it; `AsyncSMTPSession.from_account`
            by default.
        connections: connections to the server of an account, at most.
        accounts: the accounts it serves; all by default.
        lease: seconds after which the mails of a worker that went silent are taken over; 10 to 86,400.
        backoff: how long deferred recipients wait.
        on_failed: called with the status of each mail of which a recipient has failed for good, by the
            worker that found it out, after that is on disk.
        on_event: called with everything that happens from now on, whoever made it happen.

    Raises:
        ConfigError: a number that makes no sense.
    """

    def __init__(
        self,
        outbox: AsyncOutbox,
        *,
        session: Callable[[str], AsyncSMTPSession] | None = None,
        connections: int = 4,
        accounts: Iterable[str] | None = None,
        lease: float = 60.0,
        backoff: Backoff | None = None,
        on_failed: Callable[[MessageStatus], object] | None = None,
        on_event: Callable[[Event], object] | None = None,
    ) -> None:
        self._blueprint = _Blueprint(
            office=office_of(outbox),
            conversation=_conversations(session or AsyncSMTPSession.from_account),
            connections=connections,
            accounts=None if accounts is None else tuple(accounts),
            lease=lease,
            backoff=backoff or Backoff(),
            listeners=Listeners(failed=on_failed, event=on_event),
        )
        self._coordinator: Coordinator | None = None
        self._background: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Send until `stop`.

        Raises:
            UsageError: it is running already.
            StoreUnavailable: the store was away for five minutes, or is damaged.
        """
        coordinator, crew = await self._begin()
        await self._finish(coordinator.run(), crew)

    async def deliver(self, *tickets: TicketOrId) -> None:
        """Try these mails once, as far as they are due and nobody has them: for task queues as a trigger.

        Raises:
            UsageError: it is running already.
        """
        coordinator, crew = await self._begin()
        await self._finish(coordinator.deliver([str(ticket) for ticket in tickets]), crew)

    async def start(self) -> Self:
        """Send in the background until `close`; return the worker."""
        import asyncio

        coordinator, crew = await self._begin()
        self._background = asyncio.create_task(self._finish(coordinator.run(), crew), name="envoi outbox")
        return self

    def stop(self) -> bool:
        """Have `run` finish what is in flight, give the rest back and return; from signal handlers, too.

        Returns:
            Whether there was something to stop: one that is not running yet will run all the same.
        """
        running = self._coordinator
        if running is not None:
            running.stop()
        return running is not None

    async def close(self) -> None:
        """Stop, and wait for the end of what `start` began."""
        self.stop()
        background, self._background = self._background, None
        if background is not None:
            await background

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _begin(self) -> tuple[Coordinator, TaskCrew]:
        if self._coordinator is not None:
            raise UsageError(_RUNNING)
        # Imported here: whoever uses the blocking class alone does not wait for asyncio.
        from envoi.drivers.aio import AsyncioClock
        from envoi.drivers.crew_aio import TaskCrew

        await self._blueprint.office.ready()
        crew = TaskCrew()
        self._coordinator = self._blueprint.coordinator(AsyncioClock(), crew)
        return self._coordinator, crew

    async def _finish(self, flow: Coroutine[Any, Any, None], crew: TaskCrew) -> None:
        try:
            await flow
        except BaseException:
            # Cancelled, most likely: nobody waits for what is in flight.
            crew.cancel()
            raise
        finally:
            await crew.join()
            self._coordinator = None


W = TypeVar("W", Worker, AsyncWorker)


def serving(worker: W, conversation: Callable[[], Conversation]) -> W:
    """Return the worker, with conversations made so instead of from a session."""

    def whatever(account: str) -> Conversation:
        del account
        return conversation()

    blueprint = worker._blueprint  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    worker._blueprint = replace(blueprint, conversation=whatever)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return worker


def _conversations(
    session: Callable[[str], SMTPSession | AsyncSMTPSession],
) -> Callable[[str], Conversation]:
    return lambda account: conversation_of(session(account))


_LONGEST_LEASE = 86_400.0
_RUNNING = "the worker is running already; another one may serve the same outbox beside it"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Blueprint:
    """What a worker is made of, whatever its colour."""

    office: Office
    conversation: Callable[[str], Conversation]
    connections: int
    accounts: tuple[str, ...] | None
    lease: float
    backoff: Backoff
    listeners: Listeners

    def __post_init__(self) -> None:
        if self.connections < 1:
            raise ConfigError(f"connections is 1 at least, not {self.connections}")
        if not 10 <= self.lease <= _LONGEST_LEASE:
            raise ConfigError(f"lease is 10 seconds at least and a day at most, not {self.lease:g}")

    def coordinator(self, clock: Clock, crew: Crew) -> Coordinator:
        """A worker with a name of its own."""
        return Coordinator(
            WorkerOptions(
                owner=f"{system.hostname()} {uuid7()}",
                connections=self.connections,
                lease=self.lease,
                accounts=self.accounts,
                backoff=self.backoff,
                reporting_mta=system.hostname(),
            ),
            store=self.office.store,
            clock=clock,
            crew=crew,
            courier=lambda account: SessionCourier(partial(self.conversation, account)),
            jitter=system.chance,
            identity=uuid7,
            listeners=self.listeners,
        )
