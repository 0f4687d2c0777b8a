"""Django's `send_mail`, as in a view: a connection for each message, a TLS context for each connection."""

from __future__ import annotations

from contextlib import contextmanager
from email.utils import formataddr
from typing import TYPE_CHECKING

from django.core.mail import send_mail

from bench.order import SENDER, Order, letters
from bench.peers.django_mail import configure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.contestant import Sender

__all__ = ["opened"]


@contextmanager
def opened(order: Order) -> Iterator[Sender]:
    """Read the settings."""
    configure(order)

    def send(count: int) -> None:
        for letter in letters(order, count):
            send_mail(letter.subject, letter.text, SENDER, [formataddr((letter.name, letter.address))])

    yield send
