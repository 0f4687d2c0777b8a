"""Connections for looking: `Readers` lends one at a time, each reading one state of the tables.

In WAL mode a reader never waits for the committer, nor the committer for it.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

from envoi.drivers.sqlite_store.failures import unavailable
from envoi.drivers.sqlite_store.opening import open_reader
from envoi.drivers.sqlite_store.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Readers"]

T = TypeVar("T")


class Readers:
    """As many connections as look at the same time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._free: deque[sqlite3.Connection] = deque()

    def read(self, look: Callable[[Transaction], T], now: int) -> T:
        """Look at one state of the tables.

        Raises:
            StoreUnavailable: they cannot be read.
        """
        try:
            connection = self._free.pop()
        except IndexError:
            connection = self._open()
        try:
            with closing(connection.cursor()) as cursor:
                cursor.execute("BEGIN")
                try:
                    return look(Transaction(cursor=cursor, now=now))
                finally:
                    cursor.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise unavailable(self._path, error) from error
        finally:
            self._free.append(connection)

    def _open(self) -> sqlite3.Connection:
        try:
            return open_reader(self._path)
        except sqlite3.Error as error:
            raise unavailable(self._path, error) from error

    def close(self) -> None:
        """Close those that nobody uses."""
        while self._free:
            self._free.pop().close()
