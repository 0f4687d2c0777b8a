"""``manage.py envoi_worker``: send what is in the project's outbox, until told to stop.

The settings say which outbox and how each account sends (`project_session`); sending itself is `Worker`'s.
Any number of these may run at once.
"""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from envoi.client.worker import Worker
from envoi.integrations.django.outboxes import project_outbox
from envoi.integrations.django.sessions import project_session

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

__all__ = ["Command"]


class Command(BaseCommand):
    """Send the mail of the outbox."""

    help = (
        "Send what is in the outbox of this project, until SIGTERM or Ctrl-C; what is in flight is finished."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Make the options known."""
        parser.add_argument(
            "--connections", type=int, default=4, help="connections to the server of an account, at most (4)"
        )
        parser.add_argument(
            "--account",
            action="append",
            dest="accounts",
            metavar="NAME",
            help="serve this account only; may be repeated",
        )

    def handle(self, *, connections: int, accounts: list[str] | None, **_: Any) -> None:
        """Send until a signal comes."""
        worker = Worker(project_outbox(), session=project_session, connections=connections, accounts=accounts)

        def stop(*_: object) -> None:
            if not worker.stop():
                # It has not begun, or is over: nothing is in flight.
                raise SystemExit

        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            with suppress(SystemExit):
                worker.run()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
