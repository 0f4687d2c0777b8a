"""Where an engine shows what it does: an empty store, the clock it goes by, and the letters that go in.

A test is an ``async def`` that is given an `Arena`; it runs in each colour of each engine (`engines`). Other
handles on the same store are what other threads, processes and machines have.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from envoi.drivers.identity import uuid7
from envoi.outbox.account_rules import AccountRules, Limits
from envoi.outbox.model import NewMessage, RecipientResult, Settlement, State
from envoi.smtp.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from envoi.outbox.model import Claim, MessageStatus
    from envoi.outbox.store import Store

HELLO = b"Subject: Hello\r\n\r\nHello.\r\n"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LEASE = 60.0
OK = Reply(code=250, enhanced="2.0.0", text="Ok: queued")
LATER = Reply(code=451, enhanced="4.3.0", text="Try again later")
NO = Reply(code=550, enhanced="5.1.1", text="No such user")


class Clock:
    """The wall, and a clock that never jumps: both stand still until told otherwise."""

    def __init__(self) -> None:
        self.instant = NOON
        self.seconds = 1000.0

    def now(self) -> datetime:
        return self.instant

    def steady(self) -> float:
        return self.seconds

    def forward(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)
        self.seconds += seconds

    def jump(self, seconds: float) -> None:
        """Set the wall, as an operator would."""
        self.instant += timedelta(seconds=seconds)


@dataclass
class Arena:
    """One empty store, and how to get at it."""

    colour: str
    run: Callable[[Coroutine[Any, Any, Any]], Any]
    opened: Callable[[Clock], Store]
    clock: Clock = field(default_factory=Clock)
    handles: list[Store] = field(default_factory=list)

    def open(self) -> Store:
        """Another handle on the store, as another process would have; closed with the arena."""
        store = self.opened(self.clock)
        self.handles.append(store)
        return store

    @property
    def store(self) -> Store:
        return self.handles[0] if self.handles else self.open()

    async def close(self) -> None:
        for store in self.handles:
            await store.close()

    async def put(self, **changes: Any) -> str:
        """Put one letter and return its id."""
        (accepted,) = await self.store.put([letter(**changes)])
        return accepted.id

    async def claim_one(self, owner: str = "worker", **more: Any) -> Claim:
        (claim,) = (await self.store.claim(owner, 1, LEASE, **more)).claims
        return claim

    async def look(self, message: str) -> MessageStatus:
        (status,) = await self.store.status([message])
        return status

    async def states(self, message: str) -> dict[str, State]:
        return {one.address: one.state for one in (await self.look(message)).recipients}

    async def kinds(self, message: str) -> list[str]:
        return [event.kind for event in await self.store.events(0) if event.id == message]

    async def reap_after(self, seconds: float) -> int:
        """What a watchful reaper takes back after a while."""
        assert await self.store.reap(LEASE) == 0
        self.clock.forward(seconds)
        return await self.store.reap(LEASE)


def letter(**changes: Any) -> NewMessage:
    """A small letter, due at noon, for one recipient; with a fingerprint of its content."""
    identity = changes.pop("id", None) or uuid7()
    content = changes.pop("content", HELLO)
    changes.setdefault("fingerprint", hashlib.sha256(repr(content).encode()).digest())
    plain = NewMessage(
        id=identity,
        account="work",
        sender="accounts@example.com",
        recipients=("buyer@example.org",),
        message_id=f"<{identity}@example.com>",
        subject="Hello",
        content=content,
        created_at=NOON,
        due_at=NOON,
        expires_at=NOON + timedelta(days=5),
    )
    return replace(plain, **changes)


def result(claim: Claim, state: State, **details: Any) -> Settlement:
    """The same outcome for every recipient that a claim offers."""
    return settled(claim, dict.fromkeys(claim.recipients, state), **details)


def settled(claim: Claim, states: dict[str, State], **details: Any) -> Settlement:
    """An outcome for each recipient."""
    replies = {State.DELIVERED: OK, State.DEFERRED: LATER, State.FAILED: NO}
    return Settlement(
        id=claim.id,
        attempt=claim.attempt,
        account=details.pop("account", ""),
        results=tuple(
            RecipientResult(address=address, state=state, **{"reply": replies.get(state), **details})
            for address, state in states.items()
        ),
    )


def rules(name: str = "work", *, more: dict[str, Any] | None = None, **limits: Any) -> AccountRules:
    return AccountRules(name=name, limits=Limits(**limits), **(more or {}))


def ids(claims: Iterable[Claim]) -> list[str]:
    return [claim.id for claim in claims]
