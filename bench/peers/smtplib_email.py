"""smtplib with `email.message.EmailMessage`, composed for each recipient: `SMTP.send_message`."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from email.utils import localtime, make_msgid
from functools import partial
from typing import TYPE_CHECKING

from bench.contestant import in_threads
from bench.order import SENDER, Letter, Order, letters
from bench.peers.smtplib_bytes import connected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from smtplib import SMTP

    from bench.contestant import Sender

__all__ = ["composed", "opened"]


def composed(letter: Letter) -> EmailMessage:
    """As the standard library's documentation shows."""
    message = EmailMessage(policy=POLICY)
    message["From"] = SENDER
    message["To"] = Address(letter.name, addr_spec=letter.address)
    message["Subject"] = letter.subject
    message["Date"] = localtime()
    message["Message-ID"] = make_msgid(domain="example.com")
    message.set_content(letter.text)
    return message


@contextmanager
def opened(order: Order) -> Iterator[Sender]:
    """Connect."""

    def send(server: SMTP, count: int) -> None:
        for letter in letters(order, count):
            server.send_message(composed(letter))

    with ExitStack() as stack:
        servers = [stack.enter_context(connected(order)) for _ in range(order.connections)]
        yield stack.enter_context(in_threads([partial(send, server) for server in servers]))
