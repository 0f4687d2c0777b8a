"""An event loop whose time jumps to the next thing to do: five days pass in a moment, and nobody sleeps."""

from __future__ import annotations

import asyncio
import selectors
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from tests.outbox.values import START

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from datetime import datetime

__all__ = ["VirtualClock", "VirtualLoop", "run"]

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Never waits: what is waited for has passed."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0)
        if not found and timeout is None:
            raise RuntimeError("everything waits for something that never comes")
        if not found and timeout is not None and timeout > 0:
            self.passed += timeout
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time is what was waited for."""

    def __init__(self) -> None:
        self.jumping = _Jumping()
        super().__init__(self.jumping)

    def time(self) -> float:
        """Seconds since it was made."""
        return self.jumping.passed


class VirtualClock:
    """The clock port over such a loop; `shift` sets the wall clock, as an administrator would."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.shift = timedelta()

    def monotonic(self) -> float:
        """Seconds of the loop."""
        return self._loop.time()

    def now(self) -> datetime:
        """The instant."""
        return START + timedelta(seconds=self._loop.time()) + self.shift

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)


def run(flow: Coroutine[Any, Any, T]) -> T:
    """Run a flow, and see to it that it leaves nothing behind."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(flow)
