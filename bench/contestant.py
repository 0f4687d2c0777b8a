"""What the contestants written in Python have in common.

A contestant is a module in `bench.peers` with one context manager, `opened(order)`, which connects and gives
a `Sender`. `bench.turn` runs it in a process of its own, and measures.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Sender: TypeAlias = Callable[[int], object]
    """Sends so many messages; may return what that took, if that is not to be seen from its process."""

__all__ = ["NotHere", "in_threads", "shares"]


class NotHere(Exception):
    """The contestant cannot take part on this machine, or in this discipline; the text says why."""


def shares(count: int, workers: int) -> list[int]:
    """Divide `count` as evenly as it goes."""
    return [count // workers + (number < count % workers) for number in range(workers)]


@contextmanager
def in_threads(senders: Sequence[Sender]) -> Iterator[Sender]:
    """One sender of several, each in a thread of its own; a lone one stays where it is."""
    if len(senders) == 1:
        yield senders[0]
        return
    with ThreadPoolExecutor(len(senders)) as pool:

        def send(count: int) -> None:
            dealt = zip(senders, shares(count, len(senders)), strict=True)
            for future in [pool.submit(sender, share) for sender, share in dealt]:
                future.result()

        yield send
