"""smtplib with ready-made octets: `SMTP.sendmail` over a kept connection."""

from __future__ import annotations

import ssl
from contextlib import ExitStack, contextmanager
from functools import partial
from smtplib import SMTP
from typing import TYPE_CHECKING

from bench.contestant import in_threads
from bench.order import SENDER, Order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.contestant import Sender

__all__ = ["connected", "opened"]


def connected(order: Order) -> SMTP:
    """A connection as the standard library makes it."""
    server = SMTP("127.0.0.1", order.port, local_hostname="client.test")
    if order.starttls:
        server.starttls(context=ssl.create_default_context())
    server.ehlo()
    return server


@contextmanager
def opened(order: Order) -> Iterator[Sender]:
    """Connect."""
    octets, to = order.octets, order.to

    def send(server: SMTP, count: int) -> None:
        for _ in range(count):
            server.sendmail(SENDER, to, octets)

    with ExitStack() as stack:
        servers = [stack.enter_context(connected(order)) for _ in range(order.connections)]
        yield stack.enter_context(in_threads([partial(send, server) for server in servers]))
