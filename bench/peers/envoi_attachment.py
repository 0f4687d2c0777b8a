"""envoi with a file from disk attached to an `Email`: read while it is sent."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.order import SENDER, Order, letters
from bench.peers.envoi_send import connected
from envoi import Attachment, Email

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.contestant import Sender

__all__ = ["opened"]


@contextmanager
def opened(order: Order) -> Iterator[Sender]:
    """Connect."""

    def send(count: int) -> None:
        for letter in letters(order, count):
            file = Attachment.from_path(order.message)
            session.send(
                Email(
                    sender=SENDER,
                    to=f"{letter.name} <{letter.address}>",
                    subject=letter.subject,
                    text=letter.text,
                    attachments=[file],
                )
            )

    with connected(order) as session:
        yield send
