"""redmail: `EmailSender.send` over a connection that is kept, without its templates."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from redmail import EmailSender

from bench.order import SENDER, Order, letters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.contestant import Sender

__all__ = ["opened"]


@contextmanager
def opened(order: Order) -> Iterator[Sender]:
    """Connect."""
    server = EmailSender(host="127.0.0.1", port=order.port, use_starttls=order.starttls)
    server.use_jinja = False

    def send(count: int) -> None:
        for letter in letters(order, count):
            server.send(
                subject=letter.subject,
                sender=SENDER,
                receivers=[f"{letter.name} <{letter.address}>"],
                text=letter.text,
            )

    with server:
        yield send
