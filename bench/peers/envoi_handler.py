"""envoi as a web handler uses it: an `Email` through a pool that the application has."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.order import Order, letters
from bench.peers.envoi_email import composed
from bench.peers.envoi_pool import pool_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.contestant import Sender

__all__ = ["opened"]


@contextmanager
def opened(order: Order) -> Iterator[Sender]:
    """Connect."""

    def send(count: int) -> None:
        for letter in letters(order, count):
            pool.send(composed(letter))

    with pool_for(order) as pool:
        yield send
