"""How threads wait for each other in a pool: the blocking colour of `envoi.session.lending.Turns`.

A bell stays rung until somebody has heard it, so that nothing is lost between looking and waiting. The
asyncio twin is `turns_aio`.
"""

from __future__ import annotations

import threading

__all__ = ["ThreadTurns"]


class ThreadBell:
    """A bell between threads."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = threading.Event()

    def ring(self) -> None:
        """Wake whoever waits."""
        self._event.set()

    async def wait(self, seconds: float | None) -> None:
        """Block until it was rung, or the time is over."""
        self._event.wait(seconds)
        self._event.clear()


class ThreadTurns:
    """The threads of one process."""

    __slots__ = ("guard",)

    def __init__(self) -> None:
        self.guard = threading.Lock()

    def bell(self) -> ThreadBell:
        """Return a new bell."""
        return ThreadBell()
