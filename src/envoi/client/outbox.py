"""`Outbox`: mail that is on disk before `submit` returns, for blocking code.

The flows of `envoi.outbox.office` over a store. Its twin for asyncio is in `outbox_aio`, kept alike by a
test. What sends the mail is a `Worker` (`envoi.client.worker`), in this program or another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.client.stores import open_store
from envoi.client.submissions import accept_all, stepwise
from envoi.drivers.blocking import BlockingClock
from envoi.drivers.identity import uuid7
from envoi.outbox.model import (
    Event,
    MessageStatus,
    Query,
    Stage,
    State,
    Stats,
    Suppression,
    Ticket,
)
from envoi.outbox.office import Office
from envoi.outbox.submitting import Order
from envoi.session.outgoing import outgoing
from envoi.session.run import run_sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType
    from typing import Any, Self

    from envoi.client.outbox_aio import AsyncOutbox
    from envoi.errors import EnvoiError
    from envoi.message.envelope import DeliveryOptions, Recipient
    from envoi.outbox.account_rules import AccountRules
    from envoi.outbox.account_state import AccountState
    from envoi.outbox.model import Content, RecipientResult
    from envoi.outbox.office import TicketOrId
    from envoi.outbox.submitting import Bounces
    from envoi.session.outgoing import Mail

__all__ = ["Outbox", "office_of"]

DEFAULT_ACCOUNT = "default"


class Outbox:
    """A durable queue of mail.

    Opened by the first call. Safe to share between threads, and with any number of
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
        self._office = Office(open_store(url), BlockingClock(), uuid7, rules, bounces=bounces)
        self._account = rules[0].name if len(rules) == 1 else DEFAULT_ACCOUNT

    def submit(
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
        return run_sync(self._office.submit(content, envelope, order, connection))

    def submit_all(
        self,
        mails: Iterable[Mail],
        *,
        account: str = "",
        key: Callable[[Mail], str] | None = None,
        send_at: datetime | None = None,
        priority: int = 5,
        expires_at: datetime | None = None,
        options: DeliveryOptions | None = None,
        connection: Any = None,
    ) -> Iterator[Ticket | EnvoiError]:
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

        return stepwise(accept_all(self._office, mails, order, options, connection))

    def status(self, ticket: TicketOrId) -> MessageStatus:
        """Return what is known of a mail, recipient by recipient.

        Raises:
            OutboxError: there is none of that ticket, or it was purged.
        """
        return run_sync(self._office.status(ticket))

    def wait(self, ticket: TicketOrId, timeout: float | None = None) -> MessageStatus:
        """Return the status of a mail once nothing more will be tried, or as it is after `timeout` seconds.

        Raises:
            OutboxError: there is none of that ticket, or it was purged.
        """
        return run_sync(self._office.wait(ticket, timeout))

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
    ) -> Iterator[MessageStatus]:
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
        return stepwise(self._office.find(query))

    def cancel(self, *tickets: TicketOrId) -> frozenset[str]:
        """Cancel what was not sent yet; return the ids for which there was something to cancel.

        A mail that a worker has is cancelled unless its last octets are written within about a second. One
        that may have arrived and is held for that reason is not sent again.
        """
        return run_sync(self._office.cancel(tickets))

    def retry(self, *tickets: TicketOrId, expires_at: datetime | None = None) -> frozenset[str]:
        """Try failed, unknown and deferred recipients again now, for five more days by default."""
        return run_sync(self._office.retry(tickets, expires_at))

    def reschedule(self, *tickets: TicketOrId, at: datetime) -> frozenset[str]:
        """Let waiting mails leave at another aware instant; return their ids.

        One that would have to be given up by then has, from then on, as much time again as at first.
        """
        return run_sync(self._office.reschedule(tickets, at))

    def hold(self, *tickets: TicketOrId) -> frozenset[str]:
        """Let no worker have waiting mails until `release`; return their ids."""
        return run_sync(self._office.hold(tickets))

    def release(self, *tickets: TicketOrId) -> frozenset[str]:
        """Let held mails go on, also those that may have arrived; return their ids."""
        return run_sync(self._office.release(tickets))

    def purge(self, *, before: datetime | None = None) -> int:
        """Forget mails done before an instant, seven days ago by default; return how many."""
        return run_sync(self._office.purge(before))

    def events(self, *, after: int | None = None, follow: bool = False) -> Iterator[Event]:
        """Yield what happened, in order: after a position, or from the beginning, or to come.

        Args:
            after: the position of the last event that is known already; None for the beginning, or with
                `follow` for what happens from now on.
            follow: whether to wait for more, for ever.
        """
        return stepwise(self._office.events(after, follow=follow))

    def read(self, ticket: TicketOrId) -> Content:
        """Return the octets of a mail, or the file that has them.

        Raises:
            OutboxError: there is no such mail, or its content was deleted after it was delivered.
        """
        return run_sync(self._office.read(ticket))

    def suppress(self, *addresses: str, reason: str) -> None:
        """Write to these addresses no more: `submit` refuses them."""
        run_sync(self._office.suppress(addresses, reason))

    def unsuppress(self, *addresses: str) -> int:
        """Write to these addresses again; return how many were suppressed."""
        return run_sync(self._office.unsuppress(addresses))

    def suppressions(self) -> Iterator[Suppression]:
        """Yield the addresses that are not written to any more, in alphabetical order."""
        return stepwise(self._office.suppressions())

    def note(self, ticket: TicketOrId, results: Iterable[RecipientResult], *, kind: str) -> bool:
        """Record what was learnt after the end, such as by a bounce; return whether there is such a mail.

        Args:
            ticket: the mail.
            results: what is known now, by recipient.
            kind: of the events that this makes: ``bounced`` or ``complained``.
        """
        return run_sync(self._office.note(ticket, results, kind))

    def declare(self, *rules: AccountRules) -> None:
        """Change how accounts are treated, for all who use this outbox."""
        run_sync(self._office.declare(rules))

    def accounts(self) -> tuple[tuple[AccountRules, AccountState], ...]:
        """Return how accounts are treated, and what is used of their limits."""
        return run_sync(self._office.accounts())

    def stats(self) -> Stats:
        """Return the outbox in figures, fast whatever waits."""
        return run_sync(self._office.stats())

    def migrate(self, *, dry_run: bool = False) -> tuple[str, ...]:
        """Bring the store up to this version of envoi; return the names of the steps."""
        return run_sync(self._office.store.migrate(dry_run=dry_run))

    def check(self) -> tuple[str, ...]:
        """Return what is wrong with the store, in words with the way out; nothing when it is sound."""
        return run_sync(self._office.store.check())

    def close(self) -> None:
        """Let go of the store; what was accepted stays in it."""
        run_sync(self._office.store.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _order(self, *, account: str, **rest: Any) -> Order:
        return Order(account=account or self._account, **rest)


def office_of(outbox: Outbox | AsyncOutbox) -> Office:
    """Return what an outbox does, for its workers."""
    return outbox._office  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
