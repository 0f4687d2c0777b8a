"""Flows beside each other in tasks of one event loop: the asyncio colour of `envoi.outbox.desk.Crew`.

The blocking twin is `crew`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["TaskChannel", "TaskCrew"]

T = TypeVar("T")

_log = logging.getLogger("envoi.outbox")


class TaskChannel(Generic[T]):
    """A queue between tasks."""

    __slots__ = ("_items",)

    def __init__(self) -> None:
        self._items: asyncio.Queue[T] = asyncio.Queue()

    def put(self, item: T) -> None:
        """Add at the end."""
        self._items.put_nowait(item)

    def poll(self) -> T | None:
        """Take the first if there is one."""
        try:
            return self._items.get_nowait()
        except asyncio.QueueEmpty:
            return None

    async def get(self, timeout: float) -> T | None:
        """Take the first; suspend for at most `timeout` seconds."""
        try:
            return self._items.get_nowait()
        except asyncio.QueueEmpty:
            pass
        try:
            async with asyncio.timeout(timeout):
                return await self._items.get()
        except TimeoutError:
            return None


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
