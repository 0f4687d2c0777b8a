"""yagmail: `SMTP.send`, without style sheets. It connects for each message by itself."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import yagmail

from bench.order import SENDER, Order, letters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.contestant import Sender

__all__ = ["opened"]


@contextmanager
def opened(order: Order) -> Iterator[Sender]:
    """Connect."""
    with yagmail.SMTP(
        SENDER,
        host="127.0.0.1",
        port=order.port,
        smtp_starttls=order.starttls,
        smtp_ssl=False,
        smtp_skip_login=True,
    ) as server:

        def send(count: int) -> None:
            for letter in letters(order, count):
                to = {letter.address: letter.name}
                server.send(to, letter.subject, yagmail.raw(letter.text), prettify_html=False)

        yield send
