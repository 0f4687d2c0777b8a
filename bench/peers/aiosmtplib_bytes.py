"""aiosmtplib with ready-made octets, on asyncio's own loop: `SMTP.sendmail` over a kept connection."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aiosmtplib import SMTP

from bench.contestant import shares
from bench.order import SENDER, Order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.contestant import Sender

__all__ = ["opened"]


@contextmanager
def opened(order: Order) -> Iterator[Sender]:
    """Connect."""
    octets, to = order.octets, order.to
    context = ssl.create_default_context() if order.starttls else None
    servers = [
        SMTP(
            hostname="127.0.0.1",
            port=order.port,
            start_tls=order.starttls,
            tls_context=context,
            local_hostname="client.test",
        )
        for _ in range(order.connections)
    ]

    async def send(server: SMTP, count: int) -> None:
        for _ in range(count):
            await server.sendmail(SENDER, to, octets)

    async def send_all(count: int) -> None:
        await asyncio.gather(*map(send, servers, shares(count, len(servers))))

    async def connect() -> None:
        for server in servers:
            await server.connect()

    async def quit_all() -> None:
        for server in servers:
            await server.quit()

    with asyncio.Runner() as runner:
        runner.run(connect())
        yield lambda count: runner.run(send_all(count))
        runner.run(quit_all())
