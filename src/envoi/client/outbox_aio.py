"""`AsyncOutbox`: mail that is on disk before `submit` returns, for asyncio.

The twin of `Outbox` in `outbox`, which has the values and the words that both need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.client.outbox import DEFAULT_ACCOUNT
from envoi.client.stores import open_store
from envoi.client.submissions import accept_all
from envoi.drivers.aio import AsyncioClock
from envoi.drivers.identity import uuid7
from envoi.outbox.model import Query
from envoi.outbox.office import Office
from envoi.outbox.submitting import Order
from envoi.session.outgoing import outgoing

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType
    from typing import Any, Self

    from envoi.errors import EnvoiError
    from envoi.message.envelope import DeliveryOptions, Recipient
    from envoi.outbox.account_rules import AccountRules
    from envoi.outbox.account_state import AccountState
    from envoi.outbox.model import (
        Content,
        Event,
        MessageStatus,
        RecipientResult,
        Stage,
        State,
        Stats,
        Suppression,
        Ticket,
    )
    from envoi.outbox.office import TicketOrId
    from envoi.outbox.submitting import Bounces
    from envoi.session.outgoing import Mail

__all__ = ["AsyncOutbox"]


class AsyncOutbox:
    """A durable queue of mail for asyncio.

    Opened by the first call. Safe to share between tasks of one event loop, and with any number of
    processes that have an outbox of the same URL.

    Args:
        url: ``sqlite:///outbox.db``, ``sqlite:////var/lib/app/outbox.db``, ``postgresql://…``, or the path of
            a file.
        accounts: how accounts are treated: limits, what to do after silence behind the final dot, failover.
            What is declared stays for all who use this outbox; a sole account is the one that is used unless
            another is named.
        bounces: a mailbox of its own for what comes back (VERP); ``envoi bounce`` reads it.

    Raises:
        ConfigError: the URL is none, or what it needs is not installed.
    """

    def __init__(
        self,
        url: str | Path,
        *,
        accounts: Iterable[AccountRules] = (),
        bounces: Bounces | None = None,
    ) -> None:
        rules = tuple(accounts)
        self._office = Office(
            open_store(url, asynchronous=True), AsyncioClock(), uuid7, rules, bounces=bounces
        )
        self._account = rules[0].name if len(rules) == 1 else DEFAULT_ACCOUNT

    async def submit(
        self,
        mail: Mail,
        *,
        account: str = "",
        key: str = "",
        send_at: datetime | None = None,
        priority: int = 5,
        expires_at: datetime | None = None,
        sender: str | None = None,
        recipients: Iterable[str | Recipient] | None = None,
        options: DeliveryOptions | None = None,
        connection: Any = None,
    ) -> Ticket:
        """Accept a mail; once this returns, no crash and no power failure loses it.

        Args:
            mail: an `Email`, a `RawEmail`, an ``email.message.EmailMessage``, bytes, or the path of a file.
            account: which account sends it.
            key: an idempotency key: the same again returns the first ticket, and sends nothing twice. It is
                remembered for seven days after the end.
            send_at: the aware instant before which it does not leave.
            priority: 0, the most urgent, to 9.
            expires_at: the aware instant at which it is given up; five days after it may leave by default.
            sender: the envelope sender, where the mail does not name one or another is wanted.
            recipients: the envelope recipients, likewise.
            options: delivery status notifications and the like.
            connection: a connection or session with an open transaction, of the database that the outbox is
                in; the mail is accepted or not together with it.

        Raises:
            UsageError: the mail or the call must change; nothing was accepted.
            IdempotencyConflict: the key was used for another mail.
            AddressSuppressed: nobody is left to write to.
            StoreUnavailable: nothing was accepted; the store is away, full or broken.
        """
        content, envelope = outgoing(mail, sender=sender, recipients=recipients, options=options)
        order = self._order(
            account=account, key=key, send_at=send_at, priority=priority, expires_at=expires_at
        )
        return await self._office.submit(content, envelope, order, connection)

    def submit_all(
        self,
        mails: Iterable[Mail] | AsyncIterable[Mail],
        *,
        account: str = "",
        key: Callable[[Mail], str] | None = None,
        send_at: datetime | None = None,
        priority: int = 5,
        expires_at: datetime | None = None,
        options: DeliveryOptions | None = None,
        connection: Any = None,
    ) -> AsyncIterator[Ticket | EnvoiError]:
        """Accept many mails, a hundred in a commit; yield a ticket or the error for each, in order.

        A ticket that was yielded is on disk. Mails are taken from the iterable as they are needed.

        Args:
            mails: as for `submit`.
            account: as for `submit`.
            key: called with each mail for its key.
            send_at: as for `submit`.
            priority: as for `submit`.
            expires_at: as for `submit`.
            options: as for `submit`.
            connection: as for `submit`.

        Raises:
            StoreUnavailable: the store is away, full or broken.
        """

        def order(mail: Mail) -> Order:
            return self._order(
                account=account,
                key=key(mail) if key is not None else "",
                send_at=send_at,
                priority=priority,
                expires_at=expires_at,
            )

        return accept_all(self._office, mails, order, options, connection)

    async def status(self, ticket: TicketOrId) -> MessageStatus:
        """Return what is known of a mail, recipient by recipient.

        Raises:
            OutboxError: there is none of that ticket, or it was purged.
        """
        return await self._office.status(ticket)

    async def wait(self, ticket: TicketOrId, timeout: float | None = None) -> MessageStatus:
        """Return the status of a mail once nothing more will be tried, or as it is after `timeout` seconds.

        Raises:
            OutboxError: there is none of that ticket, or it was purged.
        """
        return await self._office.wait(ticket, timeout)

    def find(
        self,
        *,
        account: str | None = None,
        stage: Stage | None = None,
        state: State | None = None,
        recipient: str | None = None,
        message_id: str | None = None,
        key: str | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
    ) -> AsyncIterator[MessageStatus]:
        """Yield the mails of which all this is true, newest first.

        Args:
            account: they are of this account.
            stage: they are in this stage.
            state: a recipient is in this state.
            recipient: they go to this address.
            message_id: they have this `Message-ID`.
            key: they were submitted under this key.
            since: they were submitted at this aware instant or later.
            before: they were submitted before this aware instant.
        """
        query = Query(
            account=account,
            stage=stage,
            state=state,
            recipient=recipient,
            message_id=message_id,
            key=key,
            since=since,
            before=before,
        )
        return self._office.find(query)

    async def cancel(self, *tickets: TicketOrId) -> frozenset[str]:
        """Cancel what was not sent yet; return the ids for which there was something to cancel.

        A mail that a worker has is cancelled unless its last octets are written within about a second. One
        that may have arrived and is held for that reason is not sent again.
        """
        return await self._office.cancel(tickets)

    async def retry(self, *tickets: TicketOrId, expires_at: datetime | None = None) -> frozenset[str]:
        """Try failed, unknown and deferred recipients again now, for five more days by default."""
        return await self._office.retry(tickets, expires_at)

    async def reschedule(self, *tickets: TicketOrId, at: datetime) -> frozenset[str]:
        """Let waiting mails leave at another aware instant; return their ids.

        One that would have to be given up by then has, from then on, as much time again as at first.
        """
        return await self._office.reschedule(tickets, at)

    async def hold(self, *tickets: TicketOrId) -> frozenset[str]:
        """Let no worker have waiting mails until `release`; return their ids."""
        return await self._office.hold(tickets)

    async def release(self, *tickets: TicketOrId) -> frozenset[str]:
        """Let held mails go on, also those that may have arrived; return their ids."""
        return await self._office.release(tickets)

    async def purge(self, *, before: datetime | None = None) -> int:
        """Forget mails done before an instant, seven days ago by default; return how many."""
        return await self._office.purge(before)

    def events(self, *, after: int | None = None, follow: bool = False) -> AsyncIterator[Event]:
        """Yield what happened, in order: after a position, or from the beginning, or to come.

        Args:
            after: the position of the last event that is known already; None for the beginning, or with
                `follow` for what happens from now on.
            follow: whether to wait for more, for ever.
        """
        return self._office.events(after, follow=follow)

    async def read(self, ticket: TicketOrId) -> Content:
        """Return the octets of a mail, or the file that has them.

        Raises:
            OutboxError: there is no such mail, or its content was deleted after it was delivered.
        """
        return await self._office.read(ticket)

    async def suppress(self, *addresses: str, reason: str) -> None:
        """Write to these addresses no more: `submit` refuses them."""
        await self._office.suppress(addresses, reason)

    async def unsuppress(self, *addresses: str) -> int:
        """Write to these addresses again; return how many were suppressed."""
        return await self._office.unsuppress(addresses)

    def suppressions(self) -> AsyncIterator[Suppression]:
        """Yield the addresses that are not written to any more, in alphabetical order."""
        return self._office.suppressions()

    async def note(self, ticket: TicketOrId, results: Iterable[RecipientResult], *, kind: str) -> bool:
        """Record what was learnt after the end, such as by a bounce; return whether there is such a mail.

        Args:
            ticket: the mail.
            results: what is known now, by recipient.
            kind: of the events that this makes: ``bounced`` or ``complained``.
        """
        return await self._office.note(ticket, results, kind)

    async def declare(self, *rules: AccountRules) -> None:
        """Change how accounts are treated, for all who use this outbox."""
        await self._office.declare(rules)

    async def accounts(self) -> tuple[tuple[AccountRules, AccountState], ...]:
        """Return how accounts are treated, and what is used of their limits."""
        return await self._office.accounts()

    async def stats(self) -> Stats:
        """Return the outbox in figures, fast whatever waits."""
        return await self._office.stats()

    async def migrate(self, *, dry_run: bool = False) -> tuple[str, ...]:
        """Bring the store up to this version of envoi; return the names of the steps."""
        return await self._office.store.migrate(dry_run=dry_run)

    async def check(self) -> tuple[str, ...]:
        """Return what is wrong with the store, in words with the way out; nothing when it is sound."""
        return await self._office.store.check()

    async def close(self) -> None:
        """Let go of the store; what was accepted stays in it."""
        await self._office.store.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def _order(self, *, account: str, **rest: Any) -> Order:
        return Order(account=account or self._account, **rest)
