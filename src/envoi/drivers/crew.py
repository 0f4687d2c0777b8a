"""Flows beside each other in threads: the blocking colour of `envoi.outbox.desk.Crew`.

Each flow runs to its end in a thread of its own, since its ports block. The asyncio twin is `crew_aio`.
"""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from envoi.session.run import run_sync

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["ThreadChannel", "ThreadCrew"]

T = TypeVar("T")

_log = logging.getLogger("envoi.outbox")


class ThreadChannel(Generic[T]):
    """A queue between threads."""

    __slots__ = ("_items",)

    def __init__(self) -> None:
        self._items: queue.SimpleQueue[T] = queue.SimpleQueue()

    def put(self, item: T) -> None:
        """Add at the end; from any thread."""
        self._items.put(item)

    def poll(self) -> T | None:
        """Take the first if there is one."""
        try:
            return self._items.get_nowait()
        except queue.Empty:
            return None

    async def get(self, timeout: float) -> T | None:
        """Take the first; block for at most `timeout` seconds."""
        try:
            return self._items.get(timeout=timeout)
        except queue.Empty:
            return None


class ThreadCrew:
    """Begins threads, and waits for them."""

    __slots__ = ("_lock", "_threads")

    def __init__(self) -> None:
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()

    def channel(self) -> ThreadChannel[Any]:
        """Return a new channel."""
        return ThreadChannel()

    def start(self, flow: Coroutine[Any, Any, None]) -> None:
        """Run a flow in a thread; the interpreter does not wait for it when it ends."""
        thread = threading.Thread(target=self._run, args=(flow,), name="envoi outbox", daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    async def join(self) -> None:
        """Wait for all of them."""
        while self._threads:
            with self._lock:
                thread = next(iter(self._threads), None)
            if thread is not None:
                thread.join()

    def _run(self, flow: Coroutine[Any, Any, None]) -> None:
        try:
            run_sync(flow)
        except Exception:  # noqa: BLE001 - nobody waits for it who could be told
            _log.exception("a part of the outbox's worker ended")
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())
