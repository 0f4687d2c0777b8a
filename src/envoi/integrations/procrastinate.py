"""Procrastinate (extra ``procrastinate``) as a trigger: a task that has tickets delivered.

The mail is in the outbox; what a trigger promises is in `envoi.integrations.trigger`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.integrations.trigger import Trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from procrastinate import App

    from envoi.client.outbox import Outbox
    from envoi.client.session import SMTPSession
    from envoi.outbox.model import MessageStatus

__all__ = ["trigger"]


def trigger(
    app: App,
    outbox: Outbox,
    *,
    session: Callable[[str], SMTPSession] | None = None,
    on_failed: Callable[[MessageStatus], object] | None = None,
    queue: str = "default",
    sweep: str = "* * * * *",
) -> Trigger:
    """Have an application of Procrastinate's send the mail of an outbox.

    ::

        app = App(connector=PsycopgConnector(conninfo="postgresql://localhost/shop"))
        mail = trigger(app, Outbox("postgresql://localhost/shop"))

        mail.submit(Email(…))
        await mail.task.defer_async(tickets=[str(ticket)])   # in asyncio, instead of `publish`

    The tasks are ``envoi.deliver`` and ``envoi.sweep``, which workers start by themselves. They are not
    retried: what has to be tried again, and when, is known to the outbox.

    Args:
        app: the application; producers and workers make the same trigger.
        outbox: where the mail is.
        session: see `Trigger`.
        on_failed: see `Trigger`.
        queue: the queue of both tasks.
        sweep: when sweeps are due, as in a crontab.
    """

    def send(tickets: Sequence[str]) -> None:
        made.task.defer(tickets=list(tickets))

    made = Trigger(outbox, send, session=session, on_failed=on_failed)

    def deliver(tickets: list[str]) -> None:
        made.deliver(*tickets)

    def swept(timestamp: int = 0) -> None:  # noqa: ARG001 - periodic tasks are told when they were due
        made.sweep()

    made.task = app.task(name="envoi.deliver", queue=queue)(deliver)
    made.sweep_task = app.periodic(cron=sweep)(app.task(name="envoi.sweep", queue=queue)(swept))
    return made
