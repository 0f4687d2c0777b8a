"""Dramatiq (extra ``dramatiq``) as a trigger: an actor that gets tickets and has them delivered.

The mail is in the outbox; what a trigger promises is in `envoi.integrations.trigger`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dramatiq

from envoi.integrations.trigger import Trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envoi.client.outbox import Outbox
    from envoi.client.session import SMTPSession
    from envoi.outbox.model import MessageStatus

__all__ = ["trigger"]


def trigger(
    broker: dramatiq.Broker,
    outbox: Outbox,
    *,
    session: Callable[[str], SMTPSession] | None = None,
    on_failed: Callable[[MessageStatus], object] | None = None,
    queue: str = "default",
) -> Trigger:
    """Have the workers of a Dramatiq broker send the mail of an outbox.

    ::

        broker = RedisBroker()
        mail = trigger(broker, Outbox("postgresql://localhost/shop"))

        mail.submit(Email(…))
        mail.sweep_task.send()      # from whatever starts things every minute

    The actors are ``envoi.deliver`` and ``envoi.sweep``. They are not retried: what has to be tried again,
    and when, is known to the outbox.

    Args:
        broker: the broker; producers and workers make the same trigger.
        outbox: where the mail is.
        session: see `Trigger`.
        on_failed: see `Trigger`.
        queue: the queue of both actors.
    """

    def send(tickets: Sequence[str]) -> None:
        made.task.send(list(tickets))

    made = Trigger(outbox, send, session=session, on_failed=on_failed)

    def deliver(tickets: list[str]) -> None:
        made.deliver(*tickets)

    def sweep() -> None:
        made.sweep()

    made.task = dramatiq.actor(broker=broker, actor_name="envoi.deliver", queue_name=queue, max_retries=0)(
        deliver
    )
    made.sweep_task = dramatiq.actor(
        broker=broker, actor_name="envoi.sweep", queue_name=queue, max_retries=0
    )(sweep)
    return made
