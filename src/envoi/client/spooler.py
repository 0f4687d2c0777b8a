"""What asynchronous sessions do: an outbox on disk, and a worker of their own in the background.

`Spooler` and `AsyncSpooler` stand behind ``SMTPSession(…, asynchronous=True)``. Mails are kept under an
account that is named after server and user, so that a later session with the same ones sends what an earlier
program left. Passwords are never kept.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envoi.client.outbox import Outbox, office_of
from envoi.client.outbox_aio import AsyncOutbox
from envoi.client.worker import AsyncWorker, Worker, serving
from envoi.drivers.blocking import BlockingClock, BlockingRuntime
from envoi.drivers.data_folder import default_outbox
from envoi.outbox.model import Query, State
from envoi.outbox.submitting import Order
from envoi.session.conversation import Conversation
from envoi.session.receipt import Receipt
from envoi.session.run import run_sync
from envoi.smtp.replies import Reply

if TYPE_CHECKING:
    from pathlib import Path

    from envoi.message.content import Content
    from envoi.message.envelope import Envelope
    from envoi.outbox.model import MessageStatus
    from envoi.outbox.office import Office, TicketOrId
    from envoi.ports import Clock
    from envoi.session.settings import Settings

__all__ = ["AsyncSpooler", "Spooler"]

#: How long `close` lets the worker have for what was sent last, seconds; the rest stays on disk.
LINGER = 5.0


class Spooler:
    """The outbox and the worker of a blocking session."""

    def __init__(self, settings: Settings, place: bool | str | Path) -> None:
        self._outbox = Outbox(_place(place))
        self._worker = serving(
            Worker(self._outbox, accounts=[_account(settings)]),
            lambda: Conversation(settings, BlockingRuntime(), waits=False),
        )
        self._spool = _Spool(office_of(self._outbox), _account(settings), BlockingClock())
        self.is_open = False

    def start(self) -> None:
        """Have the worker begin."""
        if not self.is_open:
            self.is_open = True
            self._worker.start()

    def send(self, content: Content, envelope: Envelope) -> Receipt:
        """Put a mail into the outbox."""
        receipt = run_sync(self._spool.send(content, envelope))
        self.start()
        return receipt

    def status(self, ticket: TicketOrId) -> MessageStatus:
        """Return what became of it."""
        return run_sync(self._spool.status(ticket))

    def close(self) -> None:
        """Give the worker a moment for what is left, and end it."""
        if self.is_open:
            self.is_open = False
            run_sync(self._spool.linger())
            self._worker.close()


class AsyncSpooler:
    """The outbox and the worker of a session for asyncio."""

    def __init__(self, settings: Settings, place: bool | str | Path) -> None:
        from envoi.drivers.aio import AsyncioClock, AsyncioRuntime

        self._outbox = AsyncOutbox(_place(place))
        self._worker = serving(
            AsyncWorker(self._outbox, accounts=[_account(settings)]),
            lambda: Conversation(settings, AsyncioRuntime()),
        )
        self._spool = _Spool(office_of(self._outbox), _account(settings), AsyncioClock())
        self.is_open = False

    async def start(self) -> None:
        """Have the worker begin."""
        if not self.is_open:
            self.is_open = True
            await self._worker.start()

    async def send(self, content: Content, envelope: Envelope) -> Receipt:
        """Put a mail into the outbox."""
        receipt = await self._spool.send(content, envelope)
        await self.start()
        return receipt

    async def status(self, ticket: TicketOrId) -> MessageStatus:
        """Return what became of it."""
        return await self._spool.status(ticket)

    async def close(self) -> None:
        """Give the worker a moment for what is left, and end it."""
        if self.is_open:
            self.is_open = False
            await self._spool.linger()
            await self._worker.close()


class _Spool:
    """What both do, whatever their colour."""

    def __init__(self, office: Office, account: str, clock: Clock) -> None:
        self._office = office
        self._account = account
        self._clock = clock
        self._last: str | None = None

    async def send(self, content: Content, envelope: Envelope) -> Receipt:
        ticket = await self._office.submit(content, envelope, Order(account=self._account))
        self._last = ticket.id
        recipients = (await self._office.status(ticket)).recipients
        return Receipt(
            message_id=ticket.message_id,
            sender=envelope.sender,
            accepted=tuple(one.address for one in recipients if one.state is not State.FAILED),
            refused={
                one.address: Reply(code=550, enhanced="5.7.1", text=one.text)
                for one in recipients
                if one.state is State.FAILED
            },
            reply=Reply(code=250, enhanced="2.0.0", text=f"kept in the outbox as {ticket.id}"),
            server="the outbox",
            ticket=ticket.id,
        )

    async def status(self, ticket: TicketOrId) -> MessageStatus:
        if str(ticket).startswith("<"):
            async for found in self._office.find(Query(message_id=str(ticket))):
                return found
        return await self._office.status(ticket)

    async def linger(self) -> None:
        if self._last is not None:
            await self._office.wait(self._last, LINGER)


def _place(place: bool | str | Path) -> str | Path:
    return default_outbox(os.environ) if isinstance(place, bool) else place


def _account(settings: Settings) -> str:
    where = f"{settings.endpoint.host}:{settings.endpoint.port}"
    return where if settings.username is None else f"{settings.username} at {where}"
