"""Letters that are due now, and what is asked of a store about them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from envoi.outbox.model import Stage
from envoi.session.run import run_sync
from tests.outbox.contract.arena import letter

if TYPE_CHECKING:
    from envoi.drivers.postgres_store import PostgresStore
    from envoi.outbox.model import NewMessage

__all__ = ["LEASE", "fresh", "waiting"]

LEASE = 60.0


def fresh(**changes: Any) -> NewMessage:
    now = datetime.now(UTC)
    return letter(**{"created_at": now, "due_at": now, "expires_at": now + timedelta(days=5), **changes})


def waiting(store: PostgresStore) -> int:
    """How many messages wait, by the figures."""
    return run_sync(store.stats()).stages[Stage.WAITING]
