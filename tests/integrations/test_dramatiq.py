"""Dramatiq with its own broker for tests, and a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dramatiq import Worker
from dramatiq.brokers.stub import StubBroker

from envoi.integrations.dramatiq import trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envoi import Email, Outbox, SMTPSession
    from envoi.testing import SMTPServer


@pytest.fixture
def broker() -> Iterator[StubBroker]:
    made = StubBroker()
    made.emit_after("process_boot")
    yield made
    made.close()


def test_delivers_in_a_worker_and_sweeps(
    broker: StubBroker,
    outbox: Outbox,
    session: Callable[[str], SMTPSession],
    mail: Email,
    smtp_server: SMTPServer,
) -> None:
    made = trigger(broker, outbox, session=session)
    worker = Worker(broker, worker_timeout=20, worker_threads=2)
    worker.start()
    try:
        ticket = made.submit(mail)
        made.publish(ticket)
        outbox.wait(ticket, timeout=60)
        broker.join("default", timeout=60_000)
        outbox.submit(mail)  # nobody says so
        made.sweep_task.send()
        broker.join("default", timeout=60_000)
        worker.join()
    finally:
        worker.stop()
    assert len(smtp_server.messages) == 2


def test_a_trigger_is_lost_with_its_queue_and_the_mail_is_not(
    broker: StubBroker,
    outbox: Outbox,
    session: Callable[[str], SMTPSession],
    mail: Email,
    smtp_server: SMTPServer,
) -> None:
    made = trigger(broker, outbox, session=session)
    made.submit(mail)
    broker.flush_all()
    assert made.sweep() == 1
    assert len(smtp_server.messages) == 1
