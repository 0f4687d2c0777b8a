"""Work spread over threads, with its results in order: the blocking colour.

Knows nothing of what the work is. Items are taken by the thread that iterates, a bounded number ahead of
the results. The asyncio twin is `spread_aio`.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["AHEAD", "in_threads"]

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 4
"""Items taken ahead, per worker: so many fast ones go on while a slow one holds the results up."""


def in_threads(work: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[R]:
    """Yield what `work` makes of each item, in order; whoever stops early waits for what is under way."""
    pending = deque[Future[R]]()
    with ThreadPoolExecutor(threads, thread_name_prefix="envoi") as crew:
        try:
            for item in items:
                pending.append(crew.submit(work, item))
                while pending and (pending[0].done() or len(pending) >= threads * AHEAD):
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for each in pending:
                each.cancel()
