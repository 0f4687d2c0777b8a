"""A message of 10 KiB as a store gets it, what `submit` makes of a mail; and how it is settled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bench.outbox.contestants import TEXT
from envoi.drivers.identity import uuid7
from envoi.outbox.model import NewMessage, RecipientResult, Settlement, State
from envoi.smtp.replies import Reply

if TYPE_CHECKING:
    from envoi.outbox.model import Claim

__all__ = ["delivered", "letter"]

_OCTETS = b"From: accounts@example.com\r\nTo: buyer@example.org\r\nSubject: Report\r\n\r\n" + TEXT.encode()
_OK = Reply(code=250, enhanced="2.0.0", text="Ok: queued")


def letter(*, account: str = "default", content: bytes = _OCTETS) -> NewMessage:
    """A new message, due now."""
    identity, now = uuid7(), datetime.now(UTC)
    return NewMessage(
        id=identity,
        account=account,
        sender="accounts@example.com",
        recipients=("buyer@example.org",),
        message_id=f"<{identity}@example.com>",
        subject="Report",
        content=content,
        fingerprint=b"f" * 32,
        created_at=now,
        due_at=now,
        expires_at=now + timedelta(days=5),
    )


def delivered(claim: Claim) -> Settlement:
    """Every recipient of a claim has it."""
    results = tuple(
        RecipientResult(address=address, state=State.DELIVERED, reply=_OK) for address in claim.recipients
    )
    return Settlement(id=claim.id, attempt=claim.attempt, results=results)
