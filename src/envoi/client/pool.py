"""`SMTPPool` and `AsyncSMTPPool`: several connections, to one or several servers, shared by many.

Both are the flow of `envoi.session.lending` over sessions of their colour, with what guards it: a lock
for threads, the event loop for tasks. Who gets which connection is decided in `envoi.session.pool`. Users
import them from `envoi.pool`.
"""

from __future__ import annotations

import os
import threading
import warnings
from contextlib import aclosing
from typing import TYPE_CHECKING
from weakref import WeakSet

from envoi.client.pool_wiring import PoolWiring, workers
from envoi.client.session import SMTPSession
from envoi.client.session_aio import AsyncSMTPSession
from envoi.drivers.blocking import BlockingClock
from envoi.drivers.turns import ThreadTurns
from envoi.session.conversation import each
from envoi.session.run import run_sync

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
    from types import TracebackType
    from typing import Self, Unpack

    from envoi.errors import EnvoiError
    from envoi.message.envelope import DeliveryOptions, Recipient
    from envoi.session.content import Progress
    from envoi.session.lending import Lending
    from envoi.session.outgoing import Mail
    from envoi.session.pool_servers import PoolServer
    from envoi.session.pool_stats import PoolStats
    from envoi.session.receipt import Receipt
    from envoi.session.settings import SessionOptions

__all__ = ["AsyncSMTPPool", "SMTPPool"]


class SMTPPool:
    """Connections to one or several SMTP servers, shared by threads.

    A call gets the connection that was used last, a new one while there are fewer than `connections`, or
    waits; first come, first served. A connection that broke is noticed before it is used, and replaced. Of
    several servers the mails go to those with the lowest priority number, by weight; one that fails is left
    alone for 1 to 30 seconds, longer each time, while the others serve. After a fork the child has
    connections of its own, and so has each event loop.

    Args:
        servers: an URL as for `SMTPSession.from_url`, or a `PoolServer` with a weight, a priority or an
            account.
        connections: how many connections there are at most.
        idle_seconds: one that was idle for so long is replaced; None for never.
        age_seconds: one that was opened so long ago is replaced; None for never.
        messages: how many mails one connection carries; the server's own limit (RFC 9422) counts as well.
        wait_timeout: seconds that a call waits for a connection, while all are in use or all servers are
            left alone; None for as long as it takes.
        options: the options of `SMTPSession`, for all servers.

    Raises:
        ConfigError: arguments that are wrong, or contradict each other.
    """

    def __init__(
        self,
        *servers: str | PoolServer,
        connections: int = 4,
        idle_seconds: float | None = 60.0,
        age_seconds: float | None = 3600.0,
        messages: int | None = None,
        wait_timeout: float | None = 30.0,
        **options: Unpack[SessionOptions],
    ) -> None:
        self._wiring = PoolWiring(
            SMTPSession,
            servers,
            options,
            connections=connections,
            idle_seconds=idle_seconds,
            age_seconds=age_seconds,
            messages=messages,
            wait_timeout=wait_timeout,
        )
        self._lending = self._fresh()
        _pools.add(self)

    @property
    def stats(self) -> PoolStats:
        """The figures of this moment."""
        return self._lending.stats()

    def open(self) -> Self:
        """Open one connection, so that a wrong password shows now; return the pool.

        Raises:
            DeliveryError: no server could be reached; see `envoi.errors`.
        """
        run_sync(self._lending.open())
        return self

    def warm(self, connections: int | None = None) -> Self:
        """Open connections, by default all, until there are so many or no more can be had; return the pool.

        Raises:
            DeliveryError: there is not a single one.
        """
        run_sync(self._lending.warm(connections))
        return self

    def send(
        self,
        mail: Mail,
        *,
        sender: str | None = None,
        recipients: Iterable[str | Recipient] | None = None,
        options: DeliveryOptions | None = None,
        progress: Progress | None = None,
    ) -> Receipt:
        """Send one mail and return what the server said of it.

        A server that fails before it has heard of the mail's recipients is not the last word: the next one is
        asked.

        Args:
            mail: an `Email`, a `RawEmail`, an ``email.message.EmailMessage``, bytes, or the path of a file.
            sender: the envelope sender, where the mail does not name one or another is wanted.
            recipients: the envelope recipients, likewise.
            options: delivery status notifications, priority and the like.
            progress: called with the octets sent and the total, or None when that is unknown.

        Raises:
            UsageError: nothing was sent; the mail or the call must change.
            DeadlineExceeded: no connection became free in time.
            Rejected: the server refused the sender, every recipient, or the message.
            DeliveryError: no server could be reached, or the connection failed; `accepted` tells whether the
                message may have been taken.
        """
        return run_sync(
            self._lending.send(mail, sender=sender, recipients=recipients, options=options, progress=progress)
        )

    def send_all(
        self, mails: Iterable[Mail], *, concurrency: int = 1, options: DeliveryOptions | None = None
    ) -> Iterator[Receipt | EnvoiError]:
        """Send several mails; yield a `Receipt` or the error for each, in order.

        Args:
            mails: taken one by one, at most four times `concurrency` ahead of the results.
            concurrency: how many are sent at once, over a connection each. Whoever stops iterating early does
                not learn what became of those under way.
            options: delivery status notifications, priority and the like.

        Raises:
            ConfigError: `concurrency` is less than 1.
        """
        count = workers(concurrency, self._wiring.connections)

        def attempt(mail: Mail) -> Receipt | EnvoiError:
            return run_sync(self._lending.attempt(mail, options))

        if count == 1:
            yield from map(attempt, mails)
            return
        # Imported here: threads are for those who ask for them.
        from envoi.drivers.spread import in_threads

        yield from in_threads(attempt, mails, count)

    def close(self) -> None:
        """Take leave on every connection, those in use when they come back; whoever waits is refused."""
        run_sync(self._lending.close())

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._wiring}>"

    def __del__(self) -> None:
        lending = getattr(self, "_lending", None)
        if lending is not None and lending.is_open:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)
            lending.abandon()

    def _fresh(self) -> Lending:
        return self._wiring.lending(ThreadTurns(), BlockingClock())

    def _begin_anew(self) -> None:
        self._lending.abandon()
        self._lending = self._fresh()


_pools: WeakSet[SMTPPool | AsyncSMTPPool] = WeakSet()


def _begin_anew() -> None:
    """In a forked child: connections, and threads that hold a lock or wait, stayed with the parent."""
    for pool in _pools:
        pool._begin_anew()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


class AsyncSMTPPool:
    """Connections to one or several SMTP servers, shared by tasks of one event loop.

    A call gets the connection that was used last, a new one while there are fewer than `connections`, or
    waits; first come, first served. A connection that broke is noticed before it is used, and replaced. Of
    several servers the mails go to those with the lowest priority number, by weight; one that fails is left
    alone for 1 to 30 seconds, longer each time, while the others serve. After a fork the child has
    connections of its own, and so has each event loop.

    Args:
        servers: an URL as for `SMTPSession.from_url`, or a `PoolServer` with a weight, a priority or an
            account.
        connections: how many connections there are at most.
        idle_seconds: one that was idle for so long is replaced; None for never.
        age_seconds: one that was opened so long ago is replaced; None for never.
        messages: how many mails one connection carries; the server's own limit (RFC 9422) counts as well.
        wait_timeout: seconds that a call waits for a connection, while all are in use or all servers are
            left alone; None for as long as it takes.
        options: the options of `AsyncSMTPSession`, for all servers.

    Raises:
        ConfigError: arguments that are wrong, or contradict each other.
    """

    def __init__(
        self,
        *servers: str | PoolServer,
        connections: int = 4,
        idle_seconds: float | None = 60.0,
        age_seconds: float | None = 3600.0,
        messages: int | None = None,
        wait_timeout: float | None = 30.0,
        **options: Unpack[SessionOptions],
    ) -> None:
        self._wiring = PoolWiring(
            AsyncSMTPSession,
            servers,
            options,
            connections=connections,
            idle_seconds=idle_seconds,
            age_seconds=age_seconds,
            messages=messages,
            wait_timeout=wait_timeout,
        )
        self._lendings: dict[asyncio.AbstractEventLoop, Lending] = {}
        self._lock = threading.Lock()
        _pools.add(self)

    @property
    def stats(self) -> PoolStats:
        """The figures of this moment."""
        return self._lending().stats()

    async def open(self) -> Self:
        """Open one connection, so that a wrong password shows now; return the pool.

        Raises:
            DeliveryError: no server could be reached; see `envoi.errors`.
        """
        await self._lending().open()
        return self

    async def warm(self, connections: int | None = None) -> Self:
        """Open connections, by default all, until there are so many or no more can be had; return the pool.

        Raises:
            DeliveryError: there is not a single one.
        """
        await self._lending().warm(connections)
        return self

    async def send(
        self,
        mail: Mail,
        *,
        sender: str | None = None,
        recipients: Iterable[str | Recipient] | None = None,
        options: DeliveryOptions | None = None,
        progress: Progress | None = None,
    ) -> Receipt:
        """Send one mail and return what the server said of it.

        A server that fails before it has heard of the mail's recipients is not the last word: the next one is
        asked.

        Args:
            mail: an `Email`, a `RawEmail`, an ``email.message.EmailMessage``, bytes, or the path of a file.
            sender: the envelope sender, where the mail does not name one or another is wanted.
            recipients: the envelope recipients, likewise.
            options: delivery status notifications, priority and the like.
            progress: called with the octets sent and the total, or None when that is unknown.

        Raises:
            UsageError: nothing was sent; the mail or the call must change.
            DeadlineExceeded: no connection became free in time.
            Rejected: the server refused the sender, every recipient, or the message.
            DeliveryError: no server could be reached, or the connection failed; `accepted` tells whether the
                message may have been taken.
        """
        return await self._lending().send(
            mail, sender=sender, recipients=recipients, options=options, progress=progress
        )

    async def send_all(
        self,
        mails: Iterable[Mail] | AsyncIterable[Mail],
        *,
        concurrency: int = 1,
        options: DeliveryOptions | None = None,
    ) -> AsyncIterator[Receipt | EnvoiError]:
        """Send several mails; yield a `Receipt` or the error for each, in order.

        Args:
            mails: taken one by one, at most four times `concurrency` ahead of the results.
            concurrency: how many are sent at once, over a connection each. Whoever stops iterating early does
                not learn what became of those under way.
            options: delivery status notifications, priority and the like.

        Raises:
            ConfigError: `concurrency` is less than 1.
        """
        count = workers(concurrency, self._wiring.connections)
        lending = self._lending()
        if count == 1:
            async for mail in each(mails):
                yield await lending.attempt(mail, options)
            return
        from envoi.drivers.spread_aio import in_tasks

        results = in_tasks(lambda mail: lending.attempt(mail, options), each(mails), count)
        async with aclosing(results):
            async for result in results:
                yield result

    async def close(self) -> None:
        """Take leave on every connection, those in use when they come back; whoever waits is refused."""
        await self._lending().close()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._wiring}>"

    def __del__(self) -> None:
        for lending in getattr(self, "_lendings", {}).values():
            if lending.is_open:
                warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)
                lending.abandon()

    def _lending(self) -> Lending:
        """The connections of the running event loop."""
        # Imported here: whoever uses the blocking class alone does not wait for asyncio.
        from asyncio import get_running_loop

        loop = get_running_loop()
        found = self._lendings.get(loop)
        return self._fresh(loop) if found is None else found

    def _fresh(self, loop: asyncio.AbstractEventLoop) -> Lending:
        from envoi.drivers.aio import AsyncioClock
        from envoi.drivers.turns_aio import TaskTurns

        with self._lock:
            for other in [other for other in self._lendings if other.is_closed()]:
                self._lendings.pop(other).abandon()
            return self._lendings.setdefault(loop, self._wiring.lending(TaskTurns(), AsyncioClock()))

    def _begin_anew(self) -> None:
        self._lock = threading.Lock()
        for lending in self._lendings.values():
            lending.abandon()
        self._lendings.clear()
