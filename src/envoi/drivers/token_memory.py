"""Tokens in memory: `TokenMemory`, for programs that obtain them anew each time, and for tests.

Shared by the threads of one process; gone with it.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envoi.oauth.record import Record

__all__ = ["TokenMemory"]


class TokenMemory:
    """Keeps records for as long as it lives."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def load(self, account: str) -> Record | None:
        """Return what is kept; see `envoi.oauth.ports.TokenStore`."""
        return self._records.get(account)

    def try_hold(self, account: str) -> _HeldRecord | None:
        """Take the account, if nobody has it."""
        # Making a default is one step of the interpreter, so two threads get the same lock.
        lock = self._locks[account]
        return _HeldRecord(self._records, account, lock) if lock.acquire(blocking=False) else None


class _HeldRecord:
    """One account's record, until released."""

    def __init__(self, records: dict[str, Record], account: str, lock: threading.Lock) -> None:
        self._records = records
        self._account = account
        self._lock: threading.Lock | None = lock

    def load(self) -> Record | None:
        """Return what is kept."""
        return self._records.get(self._account)

    def prepare(self) -> None:
        """Memory has room."""

    def save(self, record: Record) -> None:
        """Keep the record."""
        self._records[self._account] = record

    def delete(self) -> None:
        """Forget the record."""
        self._records.pop(self._account, None)

    def release(self) -> None:
        """Let others have it."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()
