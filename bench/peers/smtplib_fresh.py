"""smtplib as most web handlers use it: `EmailMessage`, and a connection for each message.

The TLS context, which costs more than all the rest, is made once.
"""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from smtplib import SMTP
from typing import TYPE_CHECKING

from bench.order import Order, letters
from bench.peers.smtplib_email import composed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.contestant import Sender

__all__ = ["opened"]


@contextmanager
def opened(order: Order) -> Iterator[Sender]:
    """Make the TLS context."""
    context = ssl.create_default_context() if order.starttls else None

    def send(count: int) -> None:
        for letter in letters(order, count):
            with SMTP("127.0.0.1", order.port, local_hostname="client.test") as server:
                if context is not None:
                    server.starttls(context=context)
                server.send_message(composed(letter))

    yield send
