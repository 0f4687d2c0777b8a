"""The values of the queue: what is accepted, claimed, settled and looked at.

A *message* is one submission: one content, one envelope sender, any number of recipients. A *recipient*
has a state of its own, since a server answers for each. A *claim* is a worker's right to try a message
until its lease ends; its *attempt* number is the fence: whoever settles with an older one is too late.

Instants are aware UTC datetimes. How an engine writes them down is its own affair (`envoi.drivers`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from envoi.outbox.instants import require_zone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from envoi.smtp.replies import Reply

__all__ = [
    "PRIORITIES",
    "Accepted",
    "Blob",
    "Claim",
    "Claimed",
    "Content",
    "Event",
    "Extended",
    "MessageStatus",
    "NewMessage",
    "Page",
    "Query",
    "RecipientResult",
    "RecipientStatus",
    "Settlement",
    "Stage",
    "State",
    "Stats",
    "Suppression",
    "Ticket",
]

#: From the most urgent on.
PRIORITIES = range(10)


class State(Enum):
    """What is known about one recipient."""

    PENDING = "pending"  # not tried yet
    DEFERRED = "deferred"  # tried; the server asked to try later, or could not be reached
    DELIVERED = "delivered"  # the server took responsibility (RFC 5321 §4.2.5)
    FAILED = "failed"  # for good
    UNKNOWN = "unknown"  # silence after the final dot, and the account holds such mail for a person
    CANCELLED = "cancelled"  # by the sender, before it was sent

    @property
    def open(self) -> bool:
        """Whether another attempt will be made."""
        return self in (State.PENDING, State.DEFERRED)


class Stage(Enum):
    """Where a message stands as a whole."""

    WAITING = "waiting"  # due now or later
    CLAIMED = "claimed"  # a worker has it
    HELD = "held"  # waits for a person's word
    DONE = "done"  # no recipient is open or unknown


@dataclass(frozen=True, slots=True)
class Ticket:
    """The proof that a message is on disk.

    Attributes:
        id: 32 hexadecimal digits (a UUID of version 7, RFC 9562 §5.7).
        message_id: the `Message-ID` that every attempt carries.
        duplicate: the key had been used before, for the same content; this is the first ticket.
    """

    id: str
    message_id: str
    duplicate: bool = False

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A content that an engine keeps beside its rows: its name there, and its size in octets."""

    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message to accept.

    Attributes:
        id: 32 hexadecimal digits, ascending with time.
        account: under whose rules it is sent.
        sender: the envelope sender; empty for the null sender.
        recipients: the envelope recipients, no two alike.
        refused: recipient → why it is failed from the beginning (it is suppressed).
        options: the rest of the envelope as JSON, of `outbox.envelope_json`.
        message_id: as in the header.
        subject: as shown in lists; at most 200 characters.
        content: the octets of the message, or where they are kept.
        key: the caller's idempotency key, unique for an account; empty for none.
        fingerprint: SHA-256 of what was asked for; another with the same key is a conflict.
        priority: 0, the most urgent, to 9.
        created_at: when it was submitted.
        due_at: when it may leave.
        expires_at: when open recipients are given up.
    """

    id: str
    account: str
    sender: str
    recipients: tuple[str, ...]
    refused: Mapping[str, str] = field(default_factory=dict[str, str])
    options: str = "{}"
    message_id: str
    subject: str = ""
    content: bytes | Blob = field(repr=False)
    key: str = ""
    fingerprint: bytes = field(default=b"", repr=False)
    priority: int = 5
    created_at: datetime
    due_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What `Store.put` says of one message: its ticket, and whether the key had been used for the same."""

    id: str
    message_id: str
    duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A message that a worker may try until `lease_until`.

    Attributes:
        id: of the message.
        attempt: the fence, 1 for the first.
        account: under whose rules.
        sender: the envelope sender.
        recipients: those to offer now, at most 100: address → tries before this one.
        options: as in `NewMessage`.
        message_id: as in the header.
        size: of the content, octets.
        content: the octets when they are few (at most 64 KiB); None to ask `Store.content` for them.
        created_at: when it was submitted.
        expires_at: when to give up.
        not_before: when the account's limits let it leave.
        lease_until: when the claim ends, unless it is extended.
    """

    id: str
    attempt: int
    account: str
    sender: str
    recipients: Mapping[str, int]
    options: str
    message_id: str
    size: int
    content: bytes | None = field(repr=False)
    created_at: datetime
    expires_at: datetime
    not_before: datetime
    lease_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What `Store.claim` found.

    Attributes:
        claims: the messages, most urgent first.
        wake_at: when there may be more; None when only a doorbell or a poll can tell.
    """

    claims: tuple[Claim, ...] = ()
    wake_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """What became of a worker's claims meanwhile.

    Attributes:
        mine: the ids it still holds.
        cancelled: those of them that someone asked to cancel.
        delivered: id → recipients that a late reply settled: not to be offered again.
    """

    mine: frozenset[str]
    cancelled: frozenset[str] = frozenset()
    delivered: Mapping[str, frozenset[str]] = field(default_factory=dict[str, "frozenset[str]"])


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientResult:
    """What an attempt found for one recipient.

    Attributes:
        address: which.
        state: what is known now.
        reply: the server's last word, or None when it said nothing.
        text: what happened, in words, when no reply tells.
        due_at: when to try again, for the open states.
        counted: whether this was a try in the recipient's own count.
    """

    address: str
    state: State
    reply: Reply | None = None
    text: str = ""
    due_at: datetime | None = None
    counted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The outcome of one claim: every offered recipient's result, under the claim's fence.

    Attributes:
        id: of the message.
        attempt: the claim's fence.
        results: what became of each recipient.
        account: another account to go on with (failover); empty to stay.
        report: what tells the sender of it by mail; accepted in the same commit.
    """

    id: str
    attempt: int
    results: tuple[RecipientResult, ...]
    account: str = ""
    report: NewMessage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientStatus:
    """One recipient as `status` shows it."""

    address: str
    state: State
    attempts: int = 0
    reply: Reply | None = None
    text: str = ""
    next_attempt_at: datetime | None = None
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStatus:
    """One message as `status` shows it."""

    id: str
    message_id: str
    account: str
    sender: str
    subject: str
    key: str
    size: int
    priority: int
    stage: Stage
    attempts: int
    cancel_requested: bool
    created_at: datetime
    due_at: datetime
    expires_at: datetime
    owner: str = ""
    lease_until: datetime | None = None
    recipients: tuple[RecipientStatus, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which messages to list, newest first; what is None does not matter.

    Attributes:
        account: of this account.
        stage: in this stage.
        state: with at least one recipient in this state.
        recipient: with this recipient.
        message_id: with this `Message-ID`.
        key: submitted under this key.
        since: submitted at this instant or later.
        before: submitted before this instant.

    Raises:
        UsageError: an instant has no time zone.
    """

    account: str | None = None
    stage: Stage | None = None
    state: State | None = None
    recipient: str | None = None
    message_id: str | None = None
    key: str | None = None
    since: datetime | None = None
    before: datetime | None = None

    def __post_init__(self) -> None:
        require_zone(since=self.since, before=self.before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a list; `after` is where the next one begins, None at the end."""

    messages: tuple[MessageStatus, ...]
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, in the order in which it was committed.

    Attributes:
        position: ascending; to go on after it.
        at: when.
        kind: ``submitted``, ``delivered``, ``deferred``, ``failed``, ``unknown``, ``cancelled``, ``held``,
            ``released``, ``bounced``, ``complained``.
        id: the message's.
        recipient: whose; empty when it is about the whole message.
        reply: the server's word, if one was heard.
        text: the explanation, if there is no reply.
    """

    position: int
    at: datetime
    kind: str
    id: str
    recipient: str = ""
    reply: Reply | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """The queue in figures.

    Attributes:
        stages: stage → messages in it (`Stage.DONE` counts those not purged yet).
        accounts: account → messages that wait.
        due: messages that could leave now.
        oldest_due_at: since when the oldest of them waits.
        settled: recipients settled since the store was made, by state.
    """

    stages: Mapping[Stage, int]
    accounts: Mapping[str, int]
    due: int
    oldest_due_at: datetime | None
    settled: Mapping[State, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address that is not written to any more: why, since when, and after which message."""

    address: str
    reason: str
    since: datetime
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The octets of a message as a worker gets them: themselves, or the file they are in."""

    octets: bytes | None = field(default=None, repr=False)
    path: Path | None = None
    temporary: bool = False  # whether the file is the worker's own, to delete afterwards
