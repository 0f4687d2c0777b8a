"""What SQLite's errors mean: one mapping to `StoreUnavailable`, and which of them end the store.

After an I/O error nobody knows what of the file is on disk, and asking the system again would get a wrong
answer (a failed fsync is reported once); so the store closes, and whoever opens it again reads what is
really there. A full disk or a locked file leaves everything as it was.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from envoi.errors import Retry, StoreUnavailable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ends_the_store", "unavailable"]

_FATAL = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_ADVICE = {
    sqlite3.SQLITE_FULL: "the disk is full. Make room; nothing needs to be restarted",
    sqlite3.SQLITE_BUSY: (
        "another connection has had a transaction open for too long. If it is one of this program, give it "
        "as connection=, or commit it first"
    ),
    sqlite3.SQLITE_LOCKED: "another connection has the tables locked. Commit what is open there",
    sqlite3.SQLITE_READONLY: (
        "it may not be written. Give this program the right to write the file and its folder"
    ),
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened. Check that the folder exists and may be written",
    sqlite3.SQLITE_IOERR: (
        "the disk reported an I/O error, so the store was closed: what was not confirmed may or may not be "
        "there. Look into the system's log, then open the outbox again"
    ),
    sqlite3.SQLITE_CORRUPT: "",
    sqlite3.SQLITE_NOTADB: "",
}
_DAMAGED = (
    "the file is damaged. Stop all programs that use it, keep a copy, and put a backup in its place; without "
    "one, save what is readable: sqlite3 {path} .recover | sqlite3 recovered.db"
)


def _primary(error: sqlite3.Error) -> int:
    # Errors of the module itself, not of SQLite, have no code.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def ends_the_store(error: sqlite3.Error) -> bool:
    """Whether nothing may be done with the file any more until it is opened anew."""
    return _primary(error) in _FATAL


def unavailable(path: Path, error: sqlite3.Error) -> StoreUnavailable:
    """Say what happened, and what to try."""
    advice = _ADVICE.get(_primary(error))
    if advice is None:
        advice = f"SQLite says: {error}"
    explained = StoreUnavailable(f"the outbox {path}: {advice or _DAMAGED.format(path=path)}")
    if not advice:
        explained.retry = Retry.NEVER
    return explained
