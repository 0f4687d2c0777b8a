"""Celery with its broker in memory, eagerly and with a worker of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker

from envoi.integrations.celery import trigger

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi import Email, Outbox, SMTPSession
    from envoi.testing import SMTPServer


@pytest.fixture
def app() -> Celery:
    return Celery(
        "shop", broker="memory://", set_as_current=False, config_source={"worker_hijack_root_logger": False}
    )


@pytest.mark.slow  # Celery needs seconds to stop a worker
def test_delivers_in_a_worker(
    app: Celery,
    outbox: Outbox,
    session: Callable[[str], SMTPSession],
    mail: Email,
    smtp_server: SMTPServer,
) -> None:
    made = trigger(app, outbox, session=session, queue="mail")
    app.conf.task_default_queue = "mail"
    with start_worker(app, pool="solo", perform_ping_check=False, loglevel="warning"):
        ticket = made.submit(mail)
        made.publish(ticket, ticket)
        smtp_server.wait_for(1, timeout=60)
        assert outbox.wait(ticket, timeout=60).recipients[0].state.value == "delivered"
    assert len(smtp_server.messages) == 1


def test_delivers_eagerly_and_sweeps(
    app: Celery,
    outbox: Outbox,
    session: Callable[[str], SMTPSession],
    mail: Email,
    smtp_server: SMTPServer,
) -> None:
    app.conf.task_always_eager = True
    made = trigger(app, outbox, session=session)
    made.submit(mail)
    assert len(smtp_server.messages) == 1
    outbox.submit(mail)  # nobody says so
    app.tasks["envoi.sweep"].apply()
    assert len(smtp_server.messages) == 2
