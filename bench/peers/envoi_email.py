"""envoi with `Email`, composed for each recipient: `SMTPSession.send`, or `send_all` with a window."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from bench.contestant import in_threads
from bench.order import SENDER, Letter, Order, letters
from bench.peers.envoi_send import connected
from bench.peers.envoi_window import stream
from envoi import Email, SMTPSession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.contestant import Sender

__all__ = ["composed", "opened"]


def composed(letter: Letter) -> Email:
    """As the documentation shows."""
    to = f"{letter.name} <{letter.address}>"
    return Email(sender=SENDER, to=to, subject=letter.subject, text=letter.text)


@contextmanager
def opened(order: Order) -> Iterator[Sender]:
    """Connect."""

    def send(session: SMTPSession, count: int) -> None:
        mails = map(composed, letters(order, count))
        if order.window:
            stream(session, mails, order.window)
            return
        for mail in mails:
            session.send(mail)

    with ExitStack() as stack:
        sessions = [stack.enter_context(connected(order)) for _ in range(order.connections)]
        yield stack.enter_context(in_threads([partial(send, session) for session in sessions]))
