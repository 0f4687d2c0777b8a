"""envoi, one `SMTPPool.send` of ready-made octets at a time, or one in each of several threads."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.contestant import in_threads
from bench.order import SENDER, Order
from envoi.pool import SMTPPool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.contestant import Sender

__all__ = ["opened", "pool_for"]


def pool_for(order: Order) -> SMTPPool:
    """A pool that is not open yet."""
    scheme = "smtp" if order.starttls else "smtp+plaintext"
    url = f"{scheme}://127.0.0.1:{order.port}"
    return SMTPPool(url, connections=order.connections, local_hostname="client.test")


@contextmanager
def opened(order: Order) -> Iterator[Sender]:
    """Connect."""
    octets, to = order.octets, order.to

    def send(count: int) -> None:
        for _ in range(count):
            pool.send(octets, sender=SENDER, recipients=to)

    with pool_for(order) as pool, in_threads([send] * order.connections) as sender:
        yield sender
