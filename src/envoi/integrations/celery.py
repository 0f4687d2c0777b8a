"""Celery (extra ``celery``) as a trigger: a task that carries tickets and has them delivered.

The mail is in the outbox; what a trigger promises is in `envoi.integrations.trigger`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.integrations.trigger import Trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from celery import Celery

    from envoi.client.outbox import Outbox
    from envoi.client.session import SMTPSession
    from envoi.outbox.model import MessageStatus

__all__ = ["trigger"]


def trigger(
    app: Celery,
    outbox: Outbox,
    *,
    session: Callable[[str], SMTPSession] | None = None,
    on_failed: Callable[[MessageStatus], object] | None = None,
    queue: str | None = None,
) -> Trigger:
    """Have an application of Celery's send the mail of an outbox.

    ::

        app = Celery("shop", broker="redis://localhost")
        mail = trigger(app, Outbox("postgresql://localhost/shop"))
        app.conf.beat_schedule = {"mail": {"task": "envoi.sweep", "schedule": 60.0}}

        mail.submit(Email(…))

    The tasks are ``envoi.deliver`` and ``envoi.sweep``. They keep no results and are not retried: what has to
    be tried again, and when, is known to the outbox.

    Args:
        app: the application; producers and workers make the same trigger.
        outbox: where the mail is.
        session: see `Trigger`.
        on_failed: see `Trigger`.
        queue: where tickets are published; by default as Celery routes them.
    """

    def send(tickets: Sequence[str]) -> None:
        made.task.apply_async([list(tickets)], queue=queue, retry=False)

    made = Trigger(outbox, send, session=session, on_failed=on_failed)

    def deliver(tickets: list[str]) -> None:
        made.deliver(*tickets)

    def sweep() -> int:
        return made.sweep()

    # Celery shares a task with every application of the process unless it is told not to.
    made.task = app.task(name="envoi.deliver", ignore_result=True, shared=False)(deliver)
    made.sweep_task = app.task(name="envoi.sweep", ignore_result=True, shared=False)(sweep)
    return made
