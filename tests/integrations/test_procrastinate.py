"""Procrastinate with its own connector for tests, and its worker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from procrastinate import App
from procrastinate.testing import InMemoryConnector

from envoi.integrations.procrastinate import trigger

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi import Email, Outbox, SMTPSession
    from envoi.testing import SMTPServer


@pytest.fixture
def connector() -> InMemoryConnector:
    return InMemoryConnector()


@pytest.fixture
def app(connector: InMemoryConnector) -> App:
    return App(connector=connector)


def work(app: App) -> None:
    """Do what there is to do."""

    async def scenario() -> None:
        async with app.open_async():
            await app.run_worker_async(wait=False, install_signal_handlers=False, listen_notify=False)

    asyncio.run(scenario())


def test_delivers_what_is_deferred(
    app: App,
    connector: InMemoryConnector,
    outbox: Outbox,
    session: Callable[[str], SMTPSession],
    mail: Email,
    smtp_server: SMTPServer,
) -> None:
    made = trigger(app, outbox, session=session)
    ticket = made.submit(mail)
    made.publish(ticket)
    (job, _) = connector.jobs.values()
    assert job["args"] == {"tickets": [ticket.id]}
    work(app)
    assert len(smtp_server.messages) == 1
    assert {job["status"] for job in connector.jobs.values()} == {"succeeded"}


def test_lost_jobs_lose_no_mail(
    app: App,
    connector: InMemoryConnector,
    outbox: Outbox,
    session: Callable[[str], SMTPSession],
    mail: Email,
    smtp_server: SMTPServer,
) -> None:
    made = trigger(app, outbox, session=session)
    made.submit(mail)
    connector.reset()
    made.sweep_task.defer()
    work(app)
    assert len(smtp_server.messages) == 1


def test_asyncio_defers_by_itself(
    app: App, outbox: Outbox, session: Callable[[str], SMTPSession], mail: Email, smtp_server: SMTPServer
) -> None:
    made = trigger(app, outbox, session=session)
    ticket = outbox.submit(mail)
    asyncio.run(made.task.defer_async(tickets=[str(ticket)]))
    work(app)
    assert len(smtp_server.messages) == 1
