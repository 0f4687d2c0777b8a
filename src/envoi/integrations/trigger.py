"""`Trigger`: a task queue tells an outbox that there is mail, and is never where mail is.

What every task queue has in common. A task carries tickets and nothing else: the mail, its state and its
retries are in the outbox. A trigger that is lost costs time until the next sweep, a doubled one finds
nothing to do. How tasks are made is said by `celery`, `dramatiq` and `procrastinate` beside this.
"""

from __future__ import annotations

import heapq
import logging
from typing import TYPE_CHECKING, Any

from envoi.client.worker import Worker
from envoi.drivers.blocking import BlockingClock
from envoi.outbox.model import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from envoi.client.outbox import Outbox
    from envoi.client.session import SMTPSession
    from envoi.outbox.model import MessageStatus, Ticket
    from envoi.session.outgoing import Mail

__all__ = ["Trigger"]

_logger = logging.getLogger("envoi.integrations")


class Trigger:
    """What makes a task queue send the mail of an outbox; made by the `trigger` of its module.

    ::

        ticket = trigger.submit(mail)                     # on disk, then published
        with connection.transaction():
            ticket = outbox.submit(mail, connection=connection)
        trigger.publish(ticket)                           # after the commit: before, there is nothing to find

    Deferred recipients, mail with `send_at` and triggers that were lost are found by `sweep`, which is a task
    too, to be run every minute or so; a `Worker` beside the task queue makes it superfluous.

    Args:
        outbox: where the mail is.
        send: puts a task into the queue that calls `deliver` with these ids.
        session: called with the name of an account for a new session of it; `SMTPSession.from_account` by
            default.
        on_failed: called with the status of each mail of which a recipient has failed for good.

    Attributes:
        task: the queue's own task or actor that delivers; its one argument is a list of ids.
        sweep_task: the same that sweeps; it has no argument.
    """

    def __init__(
        self,
        outbox: Outbox,
        send: Callable[[Sequence[str]], object],
        *,
        session: Callable[[str], SMTPSession] | None = None,
        on_failed: Callable[[MessageStatus], object] | None = None,
    ) -> None:
        self._outbox = outbox
        self._send = send
        self._session = session
        self._on_failed = on_failed
        self.task: Any = None
        self.sweep_task: Any = None

    def submit(self, mail: Mail, **options: Any) -> Ticket:
        """Submit a mail and publish its ticket; arguments, result and errors as of `Outbox.submit`.

        With `connection` the ticket is left to be published after the commit, with `send_at` to a sweep.
        """
        ticket = self._outbox.submit(mail, **options)
        if options.get("connection") is None and options.get("send_at") is None:
            self.publish(ticket)
        return ticket

    def publish(self, *tickets: Ticket | str) -> None:
        """Have mails delivered that are in the outbox; a queue that is away is logged and costs time."""
        try:
            self._send([str(ticket) for ticket in tickets])
        except Exception as error:  # noqa: BLE001 - whatever a broker's client may raise
            _logger.warning(
                "%d tickets wait for the next sweep, for the queue is away: %s", len(tickets), error
            )

    def deliver(self, *tickets: Ticket | str) -> None:
        """Try these mails once, as far as they are due and nobody else has them: what the task does.

        Raises:
            StoreUnavailable: the outbox is away; a sweep will find the mail.
        """
        # One for each call: task queues run several at once in a process, and a worker does one thing.
        Worker(self._outbox, session=self._session, on_failed=self._on_failed).deliver(*tickets)

    def sweep(self, limit: int = 100) -> int:
        """Try what is due, the longest waiting first; return how many mails that were.

        Reads through everything that waits: where that is tens of thousands, run a `Worker`.

        Raises:
            StoreUnavailable: the outbox is away.
        """
        due = heapq.nsmallest(limit, self._due(), key=lambda status: status.due_at)
        if due:
            self.deliver(*(status.id for status in due))
        return len(due)

    def _due(self) -> Iterator[MessageStatus]:
        now = BlockingClock().now()
        return (status for status in self._outbox.find(stage=Stage.WAITING) if status.due_at <= now)
