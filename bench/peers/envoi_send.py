"""envoi, one `SMTPSession.send` of ready-made octets at a time."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from bench.contestant import in_threads
from bench.order import SENDER, Order
from envoi import SMTPSession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.contestant import Sender

__all__ = ["connected", "opened"]


def connected(order: Order) -> SMTPSession:
    """A session that is not open yet."""
    security = "starttls" if order.starttls else "plaintext"
    return SMTPSession("127.0.0.1", order.port, security=security, local_hostname="client.test")


@contextmanager
def opened(order: Order) -> Iterator[Sender]:
    """Connect."""
    octets, to = order.octets, order.to

    def send(session: SMTPSession, count: int) -> None:
        for _ in range(count):
            session.send(octets, sender=SENDER, recipients=to)

    with ExitStack() as stack:
        sessions = [stack.enter_context(connected(order)) for _ in range(order.connections)]
        yield stack.enter_context(in_threads([partial(send, session) for session in sessions]))
