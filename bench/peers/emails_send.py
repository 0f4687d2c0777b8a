"""python-emails: `Message.send` with a backend that keeps its connection."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import emails
from emails.backend.smtp import SMTPBackend

from bench.order import SENDER, Order, letters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.contestant import Sender

__all__ = ["opened"]


@contextmanager
def opened(order: Order) -> Iterator[Sender]:
    """Connect."""

    def send(count: int) -> None:
        for letter in letters(order, count):
            message = emails.Message(
                subject=letter.subject,
                mail_from=SENDER,
                mail_to=(letter.name, letter.address),
                text=letter.text,
            )
            message.send(smtp=server)

    with SMTPBackend(host="127.0.0.1", port=order.port, tls=order.starttls, fail_silently=False) as server:
        yield send
