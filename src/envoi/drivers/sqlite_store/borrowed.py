"""A transaction of the application's own: `borrowed` finds SQLite's connection in whatever was given.

What is put there is committed or rolled back with everything else of that transaction. SQLAlchemy and
Django are recognised by what their objects have; neither is imported.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envoi.drivers.sqlite_store.failures import unavailable
from envoi.drivers.sqlite_store.transaction import Transaction
from envoi.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["borrowed"]


@contextmanager
def borrowed(given: Any, path: Path, now: int) -> Generator[Transaction]:
    """Work in the transaction that is open on a connection; all of it is undone if that fails.

    Raises:
        UsageError: it is no connection to this outbox's file, or nothing there would ever be committed.
        StoreUnavailable: SQLite refuses.
    """
    connection = _unwrap(given)
    _require_same_file(connection, path)
    _require_transaction(connection)
    cursor = connection.cursor()
    cursor.row_factory = None  # the application may like its rows as mappings
    try:
        cursor.execute("SAVEPOINT envoi")
        try:
            yield Transaction(cursor=cursor, now=now)
        except BaseException:
            cursor.execute("ROLLBACK TO envoi")
            raise
        finally:
            cursor.execute("RELEASE envoi")
    except sqlite3.Error as error:
        raise unavailable(path, error) from error


def _unwrap(given: Any) -> sqlite3.Connection:
    """From an SQLAlchemy session or connection, or Django's wrapper, down to the connection itself."""
    found = given
    if callable(getattr(found, "get_bind", None)) and callable(getattr(found, "connection", None)):
        found = found.connection()  # a Session's
    if getattr(found, "vendor", None) == "sqlite" and callable(getattr(found, "ensure_connection", None)):
        found.ensure_connection()
        if found.get_autocommit():
            raise UsageError("no transaction is open on connection=: call submit within transaction.atomic()")
    for _ in range(3):
        if isinstance(found, sqlite3.Connection):
            return found
        # SQLAlchemy: Connection → pooled connection → the driver's; Django: wrapper → the driver's.
        found = getattr(found, "driver_connection", None) or getattr(found, "connection", None)
    raise UsageError(
        f"connection= is a {type(given).__name__}, and an outbox in SQLite needs a sqlite3.Connection, an "
        "SQLAlchemy Session or Connection, or Django's connection, to the file that the outbox is in"
    )


def _require_same_file(connection: sqlite3.Connection, path: Path) -> None:
    places = [Path(file) for _, _, file in connection.cursor().execute("PRAGMA database_list") if file]
    if not any(place.exists() and place.samefile(path) for place in places):
        named = ", ".join(str(place) for place in places) or "a database in memory"
        raise UsageError(
            f"connection= is one to {named}, and the outbox is {path}: mail can only be part of a "
            "transaction of the database it is in"
        )


def _require_transaction(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        return
    if connection.isolation_level is None:
        raise UsageError("no transaction is open on connection=: BEGIN one first, or leave connection= out")
    # The module itself begins one before the first change, but not before a savepoint, which then commits.
    connection.execute("BEGIN")
