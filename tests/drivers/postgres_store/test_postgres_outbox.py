"""From `submit` over PostgreSQL to a server's 250, by the classes that users hold, in both colours."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from envoi import AsyncOutbox, AsyncSMTPSession, Outbox, SMTPSession
from envoi.errors import OutboxError
from envoi.outbox import AsyncWorker, State, Worker
from envoi.testing import SMTPServer
from tests.client.test_outbox import mail
from tests.drivers.postgres_store.test_store import end_connections


def test_sends_what_was_committed_with_an_order(url: str) -> None:
    with SMTPServer() as server, Outbox(url) as outbox:
        options = server.session_options()
        with Worker(outbox, session=lambda _: SMTPSession(**options)):
            with psycopg.connect(url) as connection:
                lost = outbox.submit(mail(1), connection=connection)
                connection.rollback()
                ticket = outbox.submit(mail(2), connection=connection)
            assert outbox.wait(ticket, 30).recipients[0].state is State.DELIVERED
            with pytest.raises(OutboxError, match=lost.id):
                outbox.status(lost)
        assert len(server.messages) == 1


def test_goes_on_while_connections_are_ended(url: str) -> None:
    with SMTPServer() as server, Outbox(url) as outbox:
        options = server.session_options()
        with Worker(outbox, session=lambda _: SMTPSession(**options)):
            tickets = []
            for number in range(30):
                tickets.append(outbox.submit(mail(number)))
                if number % 10 == 5:
                    end_connections(url)
            assert {outbox.wait(ticket, 30).recipients[0].state for ticket in tickets} == {State.DELIVERED}
        assert len(server.messages) == 30


def test_sends_from_a_loop(url: str) -> None:
    async def scenario(server: SMTPServer) -> None:
        options = server.session_options()
        async with (
            AsyncOutbox(url) as outbox,
            AsyncWorker(outbox, session=lambda _: AsyncSMTPSession(**options)),
        ):
            tickets = [await outbox.submit(mail(number)) for number in range(20)]
            states = {(await outbox.wait(ticket, 30)).recipients[0].state for ticket in tickets}
            assert states == {State.DELIVERED}

    with SMTPServer() as server:
        asyncio.run(scenario(server))
        assert len(server.messages) == 20
