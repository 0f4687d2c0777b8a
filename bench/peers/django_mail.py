"""Django's mail: `EmailMessage` over a connection of the SMTP backend that is kept open."""

from __future__ import annotations

from contextlib import contextmanager
from email.utils import formataddr
from typing import TYPE_CHECKING

import django
from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from bench.order import SENDER, Order, letters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.contestant import Sender

__all__ = ["configure", "opened"]


def configure(order: Order) -> None:
    """What a project's settings say."""
    settings.configure(
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=order.port,
        EMAIL_USE_TLS=order.starttls,
    )
    django.setup()


@contextmanager
def opened(order: Order) -> Iterator[Sender]:
    """Connect."""
    configure(order)

    def send(count: int) -> None:
        for letter in letters(order, count):
            to = formataddr((letter.name, letter.address))
            EmailMessage(letter.subject, letter.text, SENDER, [to], connection=connection).send()

    with get_connection() as connection:
        yield send
