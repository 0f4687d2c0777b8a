"""An event loop in a thread of its own, so that blocking tests can have an asyncio server beside them.

For testing alone: nothing that sends mail hides a loop like this (docs/decisions/0001).
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["LoopThread"]

T = TypeVar("T")


class LoopThread:
    """A running event loop."""

    __slots__ = ("_loop", "_ready", "_thread")

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._live, name="envoi.testing", daemon=True)
        self._thread.start()
        self._ready.wait()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def stop(self) -> None:
        """End the loop and the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _live(self) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            self._ready.set()
            self._loop.run_forever()
