"""smtplib with an `EmailMessage` and a file from disk attached to it."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.order import Order, letters
from bench.peers.smtplib_bytes import connected
from bench.peers.smtplib_email import composed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.contestant import Sender

__all__ = ["opened"]


@contextmanager
def opened(order: Order) -> Iterator[Sender]:
    """Connect."""

    def send(count: int) -> None:
        for letter in letters(order, count):
            message = composed(letter)
            octets = Path(order.message).read_bytes()
            message.add_attachment(octets, "application", "octet-stream", filename="large.bin")
            server.send_message(message)

    with connected(order) as server:
        yield send
