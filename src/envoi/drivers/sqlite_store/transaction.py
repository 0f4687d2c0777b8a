"""What an operation gets: `Transaction`, one view of the tables in which it may read and write.

The committer makes one for each operation and decides about the commit; a put into an application's own
transaction gets one as well. What must happen after the commit is noted here and done by the engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

__all__ = ["Transaction"]


@dataclass(slots=True, kw_only=True)
class Transaction:
    """One operation's part of a commit.

    Attributes:
        cursor: where statements run.
        now: the instant of the commit, microseconds.
        rings: whether somebody may have work afterwards.
        unneeded: names of spool files that no row will name after the commit.
        position: that of the last event it wrote; 0 before the first.
    """

    cursor: sqlite3.Cursor
    now: int
    rings: bool = False
    unneeded: tuple[str, ...] = ()
    position: int = 0

    def run(self, statement: str, *values: Any) -> sqlite3.Cursor:
        """Run a statement; the cursor is good until the next one."""
        return self.cursor.execute(statement, values)

    def append(self, statement: str, *values: Any) -> None:
        """Write an event or an arrival; the first value of the statement is its position, None to look."""
        self.cursor.execute(statement, (self.position + 1 if self.position else None, *values))
        self.position = self.cursor.lastrowid or 0

    def run_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement for each row."""
        self.cursor.executemany(statement, rows)

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """Return all rows of a query."""
        return self.cursor.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> Any:
        """Return the first row, or None."""
        return self.cursor.execute(statement, values).fetchone()
