"""envoi, `SMTPSession.send_all` of ready-made octets: mails are streamed, answers are awaited in a window."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from bench.contestant import in_threads
from bench.order import SENDER, Order
from bench.peers.envoi_send import connected
from envoi import RawEmail, Receipt, SMTPSession

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bench.contestant import Sender
    from envoi import Email

__all__ = ["opened", "stream"]


def stream(session: SMTPSession, mails: Iterable[Email | RawEmail], window: int) -> None:
    """Send all of them, and look at each result."""
    for result in session.send_all(mails, window=window):
        if not isinstance(result, Receipt):
            raise result


@contextmanager
def opened(order: Order) -> Iterator[Sender]:
    """Connect."""
    octets, to = order.octets, order.to

    def send(session: SMTPSession, count: int) -> None:
        mails = (RawEmail(octets, sender=SENDER, recipients=to) for _ in range(count))
        stream(session, mails, order.window)

    with ExitStack() as stack:
        sessions = [stack.enter_context(connected(order)) for _ in range(order.connections)]
        yield stack.enter_context(in_threads([partial(send, session) for session in sessions]))
