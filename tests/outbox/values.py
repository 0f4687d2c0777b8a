"""Claims and replies for the tests of the outbox, with everything that does not matter filled in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from envoi.outbox.model import Claim
from envoi.smtp.replies import Reply

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
CONTENT = b"From: a@example.org\r\nMessage-ID: <1@example.org>\r\nSubject: hi\r\n\r\nHello\r\n"


def claim(*recipients: str, tries: int = 0, **changes: Any) -> Claim:
    """A claim to b@example.org unless said otherwise."""
    values: dict[str, Any] = {
        "id": "0" * 32,
        "attempt": 1,
        "account": "default",
        "sender": "a@example.org",
        "recipients": dict.fromkeys(recipients or ["b@example.org"], tries),
        "options": "{}",
        "message_id": "<1@example.org>",
        "size": len(CONTENT),
        "content": CONTENT,
        "created_at": START,
        "expires_at": START + timedelta(days=5),
        "not_before": START,
        "lease_until": START + timedelta(seconds=60),
    }
    return Claim(**values | changes)


def reply(text: str) -> Reply:
    """``"451 4.3.0 later"`` as a reply."""
    code, _, rest = text.partition(" ")
    enhanced, _, words = rest.partition(" ")
    if enhanced[:2] in ("2.", "4.", "5."):
        return Reply(code=int(code), enhanced=enhanced, text=words)
    return Reply(code=int(code), text=rest)
