"""Flows beside each other in tasks of one event loop: the asyncio colour of `envoi.outbox.desk.Crew`.

The blocking twin is `crew`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["TaskChannel", "TaskCrew"]

T = TypeVar("T")

_log = logging.getLogger("envoi.outbox")


class TaskChannel(Generic[T]):
    """A queue between tasks; what is put goes to who has waited longest."""

    __slots__ = ("_items", "_waiting")

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._waiting: deque[asyncio.Future[tuple[T] | None]] = deque()

    def put(self, item: T) -> None:
        """Add at the end."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result((item,))
                return
        self._items.append(item)

    def poll(self) -> T | None:
        """Take the first if there is one."""
        return self._items.popleft() if self._items else None

    async def get(self, timeout: float) -> T | None:
        """Take the first; suspend for at most `timeout` seconds."""
        if self._items:
            return self._items.popleft()
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[tuple[T] | None] = loop.create_future()
        self._waiting.append(waiter)
        alarm = loop.call_later(timeout, _give_up, waiter)
        try:
            found = await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and (missed := waiter.result()) is not None:
                self._items.appendleft(missed[0])
            raise
        finally:
            alarm.cancel()
            if waiter in self._waiting:  # Asked first: what is not there is put into words by `remove`.
                self._waiting.remove(waiter)
        return None if found is None else found[0]


def _give_up(waiter: asyncio.Future[tuple[T] | None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


class TaskCrew:
    """Begins tasks, and waits for them; a cancellation of the wait cancels them."""

    __slots__ = ("_tasks",)

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def channel(self) -> TaskChannel[Any]:
        """Return a new channel."""
        return TaskChannel()

    def start(self, flow: Coroutine[Any, Any, None]) -> None:
        """Run a flow in a task."""
        task = asyncio.create_task(self._run(flow), name="envoi outbox")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def join(self) -> None:
        """Wait for all of them."""
        try:
            while self._tasks:
                await asyncio.wait(self._tasks)
        except asyncio.CancelledError:
            self.cancel()
            raise

    def cancel(self) -> None:
        """End all of them at once."""
        for task in self._tasks:
            task.cancel()

    async def _run(self, flow: Coroutine[Any, Any, None]) -> None:
        try:
            await flow
        except Exception:  # noqa: BLE001 - nobody waits for it who could be told
            _log.exception("a part of the outbox's worker ended")
