"""The schema: numbered files in `sql/`, applied in order and written down in `envoi_schema`.

A file without our tables gets them when it is opened: it is new, or an application's own. Older tables are
brought up by `migrate` alone, when nobody works with them; newer ones are refused.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from envoi.errors import SchemaMismatch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Step", "apply", "missing", "require_current", "steps"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One file of the schema."""

    number: int
    name: str
    sql: str


@cache
def steps() -> tuple[Step, ...]:
    """All steps there are, in order."""
    folder = files("envoi.drivers.sqlite_store") / "sql"
    found = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name
    )
    return tuple(
        Step(number=int(file.name[:4]), name=file.name.removesuffix(".sql"), sql=file.read_text("utf-8"))
        for file in found
    )


def _version(connection: sqlite3.Connection) -> int | None:
    """The last step that was applied; None where there is no table of ours."""
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'envoi_schema'"
    if connection.execute(query).fetchone() is None:
        return None
    version: int = connection.execute("SELECT coalesce(max(number), 0) FROM envoi_schema").fetchone()[0]
    return version


def missing(connection: sqlite3.Connection, path: Path) -> tuple[Step, ...]:
    """The steps that were not applied yet.

    Raises:
        SchemaMismatch: a newer envoi made the tables.
    """
    version = _version(connection) or 0
    _refuse_newer(version, path)
    return tuple(step for step in steps() if step.number > version)


def _refuse_newer(version: int, path: Path) -> None:
    newest = steps()[-1].number
    if version > newest:
        raise SchemaMismatch(
            f"the outbox {path} was made by a newer envoi (schema {version}, this one knows {newest}). "
            "Upgrade envoi here"
        )


def apply(connection: sqlite3.Connection, todo: tuple[Step, ...], now: int) -> None:
    """Apply steps in one transaction; the caller holds the lock on commits."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS envoi_schema "
            "(number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL)"
        )
        for step in todo:
            for statement in _statements(step.sql):
                connection.execute(statement)
            connection.execute("INSERT INTO envoi_schema VALUES (?, ?, ?)", (step.number, step.name, now))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def require_current(connection: sqlite3.Connection, path: Path, now: int) -> None:
    """Make the tables in a file that has none, and refuse what is not of this version.

    Raises:
        SchemaMismatch: it is older or newer.
    """
    version, newest = _version(connection), steps()[-1].number
    if version is None:
        apply(connection, steps(), now)
    elif version < newest:
        raise SchemaMismatch(
            f"the outbox {path} was made by an older envoi (schema {version}, this one needs {newest}). Stop "
            "its workers and run: envoi outbox migrate"
        )
    else:
        _refuse_newer(version, path)


def _statements(sql: str) -> Iterator[str]:
    """Cut a script: one statement may be a trigger with semicolons of its own."""
    begun: list[str] = []
    for line in sql.splitlines():
        begun.append(line)
        if line.rstrip().endswith(";") and sqlite3.complete_statement("\n".join(begun)):
            yield "\n".join(begun)
            begun = []
