"""Work spread over tasks, with its results in order: the asyncio colour.

Knows nothing of what the work is. The blocking twin is `spread`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, TypeVar

from envoi.drivers.spread import AHEAD

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

__all__ = ["in_tasks"]

T = TypeVar("T")
R = TypeVar("R")


async def in_tasks(
    work: Callable[[T], Awaitable[R]], items: AsyncIterator[T], tasks: int
) -> AsyncGenerator[R, None]:
    """Yield what `work` makes of each item, in order; whoever stops early cancels what is under way."""
    pending = deque[asyncio.Task[R]]()
    turns = asyncio.Semaphore(tasks)

    async def in_turn(item: T) -> R:
        async with turns:
            return await work(item)

    try:
        async for item in items:
            pending.append(asyncio.create_task(in_turn(item)))
            while pending and (pending[0].done() or len(pending) >= tasks * AHEAD):
                yield await pending.popleft()
        while pending:
            yield await pending.popleft()
    finally:
        for each in pending:
            each.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
