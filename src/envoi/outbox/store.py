"""The port behind which an engine keeps the queue.

Two engines implement it, `envoi.drivers.sqlite_store` and `envoi.drivers.postgres_store`, each in both
colours; one suite of tests (`tests/outbox/contract`) says what they must do. What is *decided* is never
decided in an engine: it asks `account_state.admit` what may leave, and writes down settlements that
`policy` made.

The laws, for both:

* What `put` returned is on disk. What `settle` returned is too. No other call loses a message.
* A message leaves the stages waiting and claimed only by `settle`, `cancel`, `hold` or an expiry that a
  worker settles.
* `settle` is fenced: it acts when the message is claimed with the same attempt. A recipient that was
  delivered is recorded whoever holds the claim, and never becomes anything else again.
* After a settlement a message is waiting while a recipient is open (due when the first of them is), else
  held while one is unknown, else done. The content is deleted once every recipient is delivered or cancelled.
* Each change of state makes an `Event` in the same transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Sequence
    from datetime import datetime

    from envoi.outbox.account_rules import AccountRules
    from envoi.outbox.account_state import AccountState
    from envoi.outbox.model import (
        Accepted,
        Blob,
        Claim,
        Claimed,
        Content,
        Event,
        Extended,
        MessageStatus,
        NewMessage,
        Page,
        Query,
        RecipientResult,
        Settlement,
        Stats,
        Suppression,
    )

__all__ = ["Store"]


class Store(Protocol):
    """Where the queue is kept.

    Every method may raise `StoreUnavailable` (it does not answer, is full, is broken, was closed) and
    `SchemaMismatch` (made by another version; `migrate` helps, or a newer envoi).
    """

    # Accepting

    async def put(self, messages: Sequence[NewMessage], *, connection: Any = None) -> tuple[Accepted, ...]:
        """Write the messages in one commit; with `connection`, in the transaction that is open there.

        Recipients who are suppressed at that moment have failed from the beginning (`refusing.refuse`).

        Raises:
            AddressSuppressed: a message has nobody else to go to; nothing was written.
            IdempotencyConflict: a key is in use for another content; nothing was written.
            UsageError: `connection` is of a kind that this engine cannot use.
        """
        ...

    async def keep(self, octets: AsyncIterable[bytes]) -> Blob | bytes:
        """Keep a content of unknown size: few octets are returned, many are on disk afterwards.

        What no message names an hour later is deleted.
        """
        ...

    async def suppressed(self, addresses: Sequence[str]) -> tuple[Suppression, ...]:
        """Return which of the addresses are suppressed; case is ignored."""
        ...

    # Working

    async def claim(
        self, owner: str, most: int, lease: float, accounts: Sequence[str] | None = None
    ) -> Claimed:
        """Claim up to `most` messages that are due, of one or several accounts, for `lease` seconds.

        By account, the one served least recently first; in it by priority, then by the time since they are
        due. What the account's limits allow is asked of `admit` in the same transaction. At most 100
        recipients of a message are offered; the others stay pending.
        """
        ...

    async def claim_these(self, owner: str, ids: Sequence[str], lease: float) -> Claimed:
        """Claim these messages as far as they are due and nobody has them, under the same limits."""
        ...

    async def content(self, claim: Claim) -> Content:
        """Return the octets that a claim came without."""
        ...

    async def extend(self, owner: str, lease: float) -> Extended:
        """Lengthen all claims and held connections of the owner to `lease` seconds from now."""
        ...

    async def mark_dots(self, claims: Sequence[Claim]) -> frozenset[str]:
        """Note durably that the final dot of these claims is about to be written; return the ids still held.

        Only for accounts that hold what is unknown: a crash before this note is safe to try again.
        """
        ...

    async def settle(self, settlements: Sequence[Settlement]) -> tuple[bool, ...]:
        """Write the outcomes in one commit, and accept their reports; False for each that came too late.

        A report is left out with an outcome that came too late, and where its recipient is suppressed.
        """
        ...

    async def give_back(self, claims: Sequence[Claim]) -> None:
        """Return claims that were not tried: waiting as before, the attempt not counted."""
        ...

    async def reap(self, lease: float) -> int:
        """Take back what dead workers hold, and return how many messages those were.

        Under `OnUnknown.HOLD`, a claim whose dot was marked is held, its offered recipients unknown;
        everything else waits again, due now.
        """
        ...

    async def change_account(self, name: str, change: Callable[[AccountState], AccountState]) -> AccountState:
        """Apply `change` to the account's state under its lock, and return the new one."""
        ...

    async def connections(self, owner: str, account: str, wanted: int, lease: float) -> int:
        """Hold up to `wanted` of the account's connections for `lease` seconds; return how many."""
        ...

    # Looking

    async def status(self, ids: Sequence[str]) -> tuple[MessageStatus, ...]:
        """Return what is known of these messages, recipients included; unknown ids are left out."""
        ...

    async def find(self, query: Query, *, after: str | None = None, most: int = 100) -> Page:
        """List messages, newest first, recipients included."""
        ...

    async def stats(self) -> Stats:
        """Return the figures, in at most 50 ms whatever waits."""
        ...

    async def events(self, after: int | None, most: int = 1000) -> tuple[Event, ...]:
        """Return what happened after a position, in order; None for the newest event alone (or nothing)."""
        ...

    async def read(self, message: str) -> Content:
        """Return the octets of a message, for looking at or exporting.

        Raises:
            OutboxError: there is no such message, or its content was deleted.
        """
        ...

    # Steering

    async def cancel(self, ids: Sequence[str]) -> frozenset[str]:
        """Cancel what is open or unknown: at once what nobody has, by request what is claimed.

        Return the ids of those messages.
        """
        ...

    async def retry(self, ids: Sequence[str], *, expires_at: datetime) -> frozenset[str]:
        """Make failed, unknown and deferred recipients pending and due now; return the ids that had some."""
        ...

    async def reschedule(self, ids: Sequence[str], due_at: datetime) -> frozenset[str]:
        """Make waiting messages due at another time; return their ids.

        One that would have to be given up by then has, from then on, as much time again as at first.
        """
        ...

    async def move(self, account: str, to: str, most: int = 1000) -> int:
        """Hand waiting messages of an account that are due over to another; return how many.

        Their keys stay with the account under which they were submitted.
        """
        ...

    async def hold(self, ids: Sequence[str]) -> frozenset[str]:
        """Let no worker have waiting messages until `release`; return their ids."""
        ...

    async def release(self, ids: Sequence[str]) -> frozenset[str]:
        """Let held messages go on; their unknown recipients become pending; return their ids."""
        ...

    async def purge(self, before: datetime, most: int = 1000) -> int:
        """Forget messages done before an instant, with their events; return how many.

        Their keys stay known for seven days after the end.
        """
        ...

    async def note(self, message: str, results: Sequence[RecipientResult], kind: str) -> bool:
        """Record what was learnt later, such as by a bounce, as events of `kind`; False for an unknown id.

        A delivered recipient whose mail bounced becomes failed: the only way out of delivered.
        """
        ...

    async def suppress(self, entries: Sequence[Suppression]) -> None:
        """Write to these addresses no more."""
        ...

    async def unsuppress(self, addresses: Sequence[str]) -> int:
        """Take addresses off the list; return how many were on it."""
        ...

    async def suppressions(self, *, after: str | None = None, most: int = 1000) -> tuple[Suppression, ...]:
        """List suppressed addresses in alphabetical order."""
        ...

    # Accounts

    async def declare(self, rules: Sequence[AccountRules]) -> None:
        """Write down how accounts are treated; their state stays."""
        ...

    async def accounts(self) -> tuple[tuple[AccountRules, AccountState], ...]:
        """Return all accounts that were declared or written to, by name."""
        ...

    # Plumbing

    async def now(self) -> datetime:
        """The engine's clock: all workers of one store share it."""
        ...

    async def wait(self, timeout: float) -> bool:
        """Wait until something was put or became due through others, at most `timeout` seconds."""
        ...

    async def rouse(self) -> None:
        """Have everybody who waits look, as after a put: who is about to end does not wait it out."""
        ...

    async def migrate(self, *, dry_run: bool = False) -> tuple[str, ...]:
        """Bring the schema up to this version under a lock; return the names of the steps."""
        ...

    async def check(self) -> tuple[str, ...]:
        """Return what is wrong with the store, in words with the way out; empty when it is sound."""
        ...

    async def close(self) -> None:
        """Finish what was begun, and let go. More than once does nothing."""
        ...
