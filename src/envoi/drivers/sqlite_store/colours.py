"""How the two colours wait: `BLOCKING` blocks and never suspends, `ASYNCIO` suspends and never blocks.

The store is one class over one of these; nothing else in this folder knows that there is asyncio.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from envoi.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi.drivers.sqlite_store.committer import Committer
    from envoi.drivers.sqlite_store.doorbell import Bell
    from envoi.drivers.sqlite_store.transaction import Transaction

__all__ = ["ASYNCIO", "BLOCKING", "PATIENCE_SECONDS", "Colour"]

T = TypeVar("T")
#: How long an operation waits for its commit to begin; another process may have the lock and be stopped.
PATIENCE_SECONDS = 30.0


class Colour(Protocol):
    """What differs between the colours."""

    async def run(self, work: Callable[[], T]) -> T:
        """Do something that blocks."""
        ...

    async def commit(self, committer: Committer, operation: Callable[[Transaction], T], octets: int) -> T:
        """Have an operation committed, and return its result."""
        ...

    async def rest(self, bell: Bell, seconds: float) -> None:
        """Wait until the bell is rung, at most so long."""
        ...


class _Blocking:
    async def run(self, work: Callable[[], T]) -> T:
        return work()

    async def commit(self, committer: Committer, operation: Callable[[Transaction], T], octets: int) -> T:
        pending = committer.perform(operation, octets)
        try:
            return pending.result(PATIENCE_SECONDS)
        except TimeoutError:
            if pending.cancel():
                raise _locked() from None
            # Its commit has begun: only its end can tell.
            return pending.result()

    async def rest(self, bell: Bell, seconds: float) -> None:
        bell.sleep(seconds, time.sleep)


class _Asyncio:
    async def run(self, work: Callable[[], T]) -> T:
        return await asyncio.to_thread(work)

    async def commit(self, committer: Committer, operation: Callable[[Transaction], T], octets: int) -> T:
        pending = committer.submit(operation, octets)
        loop = asyncio.get_running_loop()
        finished: asyncio.Future[Any] = loop.create_future()
        pending.tell(lambda: _tell(loop, finished))
        try:
            done, _ = await asyncio.wait([finished], timeout=PATIENCE_SECONDS)
            if not done:
                if pending.cancel():
                    raise _locked()
                await finished
        except asyncio.CancelledError:
            pending.cancel()
            raise
        return pending.result()

    async def rest(self, bell: Bell, seconds: float) -> None:
        # Kept: the bell may be taken down meanwhile.
        descriptor = bell.descriptor
        if descriptor is None:
            await asyncio.sleep(seconds)
            return
        loop = asyncio.get_running_loop()
        rung: asyncio.Future[Any] = loop.create_future()
        loop.add_reader(descriptor, _ring, rung)
        try:
            await asyncio.wait([rung], timeout=seconds)
        finally:
            loop.remove_reader(descriptor)


def _tell(loop: asyncio.AbstractEventLoop, finished: asyncio.Future[Any]) -> None:
    # The loop may be gone, when nobody waited for the end of a cancelled task.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(_ring, finished)


def _ring(rung: asyncio.Future[Any]) -> None:
    if not rung.done():
        rung.set_result(None)


def _locked() -> StoreUnavailable:
    return StoreUnavailable(
        f"the outbox was locked by another process for {PATIENCE_SECONDS:.0f} seconds; nothing was written. "
        "Is a program that uses it stopped (Ctrl-Z, a debugger)? On Linux, lslocks names it"
    )


BLOCKING: Colour = _Blocking()
ASYNCIO: Colour = _Asyncio()
