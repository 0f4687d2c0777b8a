"""The outbox as a program uses it: what `Outbox` and `AsyncOutbox` do, whatever their colour.

Flows over a store: accepting in batches, waiting for an end, following what happens, and steering. What is
accepted is made in `submitting`; what sends it is `worker`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from envoi.errors import AddressSuppressed, IdempotencyConflict, OutboxError, Retry, UsageError
from envoi.outbox.instants import require_zone
from envoi.outbox.model import Query, Stage, Suppression, Ticket
from envoi.outbox.policy import EXPIRY
from envoi.outbox.refusing import refuse
from envoi.outbox.standing import EngineTime
from envoi.outbox.submitting import accept

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence
    from datetime import datetime

    from envoi.errors import EnvoiError
    from envoi.message.content import Content as Mail
    from envoi.message.envelope import Envelope
    from envoi.outbox.account_rules import AccountRules
    from envoi.outbox.account_state import AccountState
    from envoi.outbox.model import (
        Accepted,
        Content,
        Event,
        MessageStatus,
        NewMessage,
        RecipientResult,
        Stats,
    )
    from envoi.outbox.store import Store
    from envoi.outbox.submitting import Bounces, Order
    from envoi.ports import Clock

__all__ = ["Office", "TicketOrId"]

TicketOrId: TypeAlias = "Ticket | str"
"""A ticket, or its id."""

#: Messages that are accepted in one commit.
BATCH = 100
#: How long done messages are kept unless something else is asked for.
KEPT = timedelta(days=7)
#: Seconds between two looks at a message whose end is waited for: at first, and at most.
SOON, LATER = 0.02, 0.5


class Office:
    """One outbox.

    Args:
        store: where it is kept.
        clock: the machine's.
        identity: draws a new id, ascending with time.
        accounts: how accounts are treated, written down before anything else is done.
        bounces: where what comes back goes, instead of to the senders.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        identity: Callable[[], str],
        accounts: Iterable[AccountRules] = (),
        *,
        bounces: Bounces | None = None,
    ) -> None:
        self.store = store
        self._clock = clock
        self._identity = identity
        self._time = EngineTime(store, clock)
        self._undeclared = tuple(accounts)
        self._bounces = bounces

    async def ready(self) -> Store:
        """Return the store, with the accounts written down."""
        if self._undeclared:
            await self.store.declare(self._undeclared)
            self._undeclared = ()
        return self.store

    # Accepting

    async def submit(self, content: Mail, envelope: Envelope, order: Order, connection: Any = None) -> Ticket:
        """Accept one mail."""
        store = await self.ready()
        message = await self._message(content, envelope, order)
        (accepted,) = await store.put([message], connection=connection)
        return _ticket(accepted)

    async def submit_some(
        self, mails: Sequence[tuple[Mail, Envelope, Order]], connection: Any = None
    ) -> list[Ticket | EnvoiError]:
        """Accept several mails in one commit; what cannot be accepted is its error, and harms no other."""
        store = await self.ready()
        made: list[NewMessage | EnvoiError] = []
        for content, envelope, order in mails:
            try:
                made.append(await self._message(content, envelope, order))
            except UsageError as error:
                made.append(error)
        made = await _heeded(store, made)
        messages = [one for one in made if not isinstance(one, Exception)]
        try:
            accepted = iter(await store.put(messages, connection=connection) if messages else ())
        except (IdempotencyConflict, AddressSuppressed):
            return [
                one if isinstance(one, Exception) else await self._put_alone(one, connection) for one in made
            ]
        return [one if isinstance(one, Exception) else _ticket(next(accepted)) for one in made]

    async def _put_alone(self, message: NewMessage, connection: Any) -> Ticket | EnvoiError:
        try:
            (accepted,) = await self.store.put([message], connection=connection)
        except (IdempotencyConflict, AddressSuppressed) as error:
            return error
        return _ticket(accepted)

    async def _message(self, content: Mail, envelope: Envelope, order: Order) -> NewMessage:
        now = await self._time.now()
        identity = self._identity()
        return await accept(
            self.store, content, envelope, order, identity=identity, now=now, bounces=self._bounces
        )

    # Looking

    async def status(self, ticket: TicketOrId) -> MessageStatus:
        """Return what is known of a message.

        Raises:
            OutboxError: there is none of that id.
        """
        store = await self.ready()
        found = await store.status([str(ticket)])
        if not found:
            error = OutboxError(f"there is no message {ticket}: it was purged, or is in another outbox")
            error.retry = Retry.NEVER
            raise error
        return found[0]

    async def wait(self, ticket: TicketOrId, timeout: float | None) -> MessageStatus:
        """Return a message's status as soon as nothing more will be tried, or after `timeout` seconds."""
        until = None if timeout is None else self._clock.monotonic() + timeout
        pause = SOON
        while True:
            status = await self.status(ticket)
            left = LATER if until is None else until - self._clock.monotonic()
            if status.stage in (Stage.DONE, Stage.HELD) or left <= 0:
                return status
            await self._clock.sleep(min(pause, left))
            pause = min(pause * 1.5, LATER)

    async def find(self, query: Query) -> AsyncIterator[MessageStatus]:
        """Yield messages, newest first."""
        store, after = await self.ready(), None
        while True:
            page = await store.find(query, after=after)
            for message in page.messages:
                yield message
            after = page.after
            if after is None:
                return

    async def events(self, after: int | None, *, follow: bool) -> AsyncIterator[Event]:
        """Yield what happened, and go on when told to follow."""
        store = await self.ready()
        if after is None:
            newest = await store.events(None) if follow else ()
            after = newest[-1].position if newest else 0
        while True:
            some = await store.events(after)
            for event in some:
                after = event.position
                yield event
            if not some:
                if not follow:
                    return
                await store.wait(LATER)

    async def suppressions(self) -> AsyncIterator[Suppression]:
        """Yield the addresses that are not written to any more, in alphabetical order."""
        store, after = await self.ready(), None
        while some := await store.suppressions(after=after):
            for entry in some:
                yield entry
            after = some[-1].address

    async def stats(self) -> Stats:
        """Return the figures."""
        return await (await self.ready()).stats()

    async def read(self, ticket: TicketOrId) -> Content:
        """Return the octets of a message."""
        return await (await self.ready()).read(str(ticket))

    async def accounts(self) -> tuple[tuple[AccountRules, AccountState], ...]:
        """Return how accounts are treated, and how they are."""
        return await (await self.ready()).accounts()

    # Steering

    async def cancel(self, tickets: Iterable[TicketOrId]) -> frozenset[str]:
        """Cancel what was not sent yet."""
        return await (await self.ready()).cancel(_ids(tickets))

    async def retry(self, tickets: Iterable[TicketOrId], expires_at: datetime | None) -> frozenset[str]:
        """Try again now."""
        require_zone(expires_at=expires_at)
        store = await self.ready()
        return await store.retry(_ids(tickets), expires_at=expires_at or await self._time.now() + EXPIRY)

    async def reschedule(self, tickets: Iterable[TicketOrId], at: datetime) -> frozenset[str]:
        """Try at another time."""
        require_zone(at=at)
        return await (await self.ready()).reschedule(_ids(tickets), at)

    async def hold(self, tickets: Iterable[TicketOrId]) -> frozenset[str]:
        """Hold back until `release`."""
        return await (await self.ready()).hold(_ids(tickets))

    async def release(self, tickets: Iterable[TicketOrId]) -> frozenset[str]:
        """Let go on."""
        return await (await self.ready()).release(_ids(tickets))

    async def purge(self, before: datetime | None) -> int:
        """Forget what has been done for long."""
        require_zone(before=before)
        store = await self.ready()
        until, purged = before or await self._time.now() - KEPT, 0
        while some := await store.purge(until):
            purged += some
        return purged

    async def suppress(self, addresses: Iterable[str], reason: str) -> None:
        """Write to these addresses no more."""
        store, now = await self.ready(), await self._time.now()
        await store.suppress([Suppression(address=one, reason=reason, since=now) for one in addresses])

    async def unsuppress(self, addresses: Iterable[str]) -> int:
        """Write to them again."""
        return await (await self.ready()).unsuppress(tuple(addresses))

    async def note(self, ticket: TicketOrId, results: Iterable[RecipientResult], kind: str) -> bool:
        """Record what was learnt later."""
        return await (await self.ready()).note(str(ticket), tuple(results), kind)

    async def declare(self, rules: Iterable[AccountRules]) -> None:
        """Write down how accounts are treated."""
        await (await self.ready()).declare(tuple(rules))


async def _heeded(store: Store, made: Iterable[NewMessage | EnvoiError]) -> list[NewMessage | EnvoiError]:
    """Sort out whom nobody is to write to, in one look, lest one of them fail a whole commit."""
    heeded = list(made)
    addresses = [to for one in heeded if not isinstance(one, Exception) for to in one.recipients]
    suppressed = await store.suppressed(addresses)
    for number, one in enumerate(heeded if suppressed else ()):
        if not isinstance(one, Exception):
            try:
                heeded[number] = refuse(one, suppressed)
            except AddressSuppressed as error:
                heeded[number] = error
    return heeded


def _ids(tickets: Iterable[TicketOrId]) -> tuple[str, ...]:
    return tuple(map(str, tickets))


def _ticket(accepted: Accepted) -> Ticket:
    return Ticket(id=accepted.id, message_id=accepted.message_id, duplicate=accepted.duplicate)
