"""Bringing older tables up to this version: `migrate`.

It has no engine, since that refuses older tables; it takes the lock on commits, so that nobody writes
meanwhile. The steps themselves are in `schema`.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from envoi.drivers.sqlite_store import schema
from envoi.drivers.sqlite_store.commit_lock import CommitLock
from envoi.drivers.sqlite_store.failures import unavailable
from envoi.drivers.sqlite_store.instants import micros
from envoi.drivers.sqlite_store.opening import check_place, open_writer

if TYPE_CHECKING:
    from datetime import datetime

    from envoi.drivers.sqlite_store.engine import Files

__all__ = ["migrate"]


def migrate(files: Files, now: datetime, *, network: bool, dry_run: bool) -> tuple[str, ...]:
    """Apply what is missing, and return the names of those steps.

    Raises:
        ConfigError: the place cannot hold a queue.
        SchemaMismatch: a newer envoi made the tables.
        StoreUnavailable: the file cannot be opened or written.
    """
    check_place(files.path, network=network)
    files.make()
    lock = CommitLock(files.lock)
    try:
        with lock:
            connection = open_writer(files.path)
            try:
                todo = schema.missing(connection, files.path)
                if todo and not dry_run:
                    schema.apply(connection, todo, micros(now))
            finally:
                connection.close()
    except sqlite3.Error as error:
        raise unavailable(files.path, error) from error
    finally:
        lock.close()
    return tuple(step.name for step in todo)
