"""How tasks wait for each other in a pool: the asyncio colour of `envoi.session.lending.Turns`.

Tasks of one event loop need no lock where nothing is awaited. The blocking twin is `turns`.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext, suppress

__all__ = ["TaskTurns"]


class TaskBell:
    """A bell between the tasks of one event loop."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake whoever waits."""
        self._event.set()

    async def wait(self, seconds: float | None) -> None:
        """Suspend until it was rung, or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
        self._event.clear()


class TaskTurns:
    """The tasks of one event loop."""

    __slots__ = ("guard",)

    def __init__(self) -> None:
        self.guard = nullcontext()

    def bell(self) -> TaskBell:
        """Return a new bell."""
        return TaskBell()
