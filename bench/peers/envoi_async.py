"""envoi on asyncio's own loop: `await AsyncSMTPSession.send`, one or a window of them at a time."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.contestant import shares
from bench.order import SENDER, Order
from envoi import AsyncSMTPSession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.contestant import Sender

__all__ = ["opened"]


@contextmanager
def opened(order: Order) -> Iterator[Sender]:
    """Connect."""
    octets, to = order.octets, order.to
    security = "starttls" if order.starttls else "plaintext"
    sessions = [
        AsyncSMTPSession(
            "127.0.0.1",
            order.port,
            security=security,
            local_hostname="client.test",
            window=max(order.window, 1),
        )
        for _ in range(order.connections)
    ]
    workers = [session for session in sessions for _ in range(max(order.window, 1))]

    async def send(session: AsyncSMTPSession, count: int) -> None:
        for _ in range(count):
            await session.send(octets, sender=SENDER, recipients=to)

    async def send_all(count: int) -> None:
        await asyncio.gather(*map(send, workers, shares(count, len(workers))))

    async def open_all() -> None:
        for session in sessions:
            await session.open()

    async def close() -> None:
        for session in sessions:
            await session.close()

    with asyncio.Runner() as runner:
        runner.run(open_all())
        yield lambda count: runner.run(send_all(count))
        runner.run(close())
