"""What psycopg and asyncpg raise, as errors of ours, and which of them leave the outcome open.

An exception says what the server said, never a value of a statement.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from envoi.errors import EnvoiError, OutboxError, SchemaMismatch, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["IN_USE", "NO_TABLES", "explained", "is_lost", "is_passing", "says"]

NO_TABLES = (
    "the database has no tables of the outbox, or not those of this version: run `envoi outbox migrate`"
)
# Class 42: undefined table, column, function. 08, 57P0x: the connection or its server is gone.
_NO_SCHEMA = ("42P01", "42703", "42883")
_GONE = ("08", "57P0")
IN_USE = "23505"
_RACE = ("40001", "40P01")


def says(error: BaseException | None) -> str:
    """The SQLSTATE of a foreign exception; empty when the server did not speak."""
    return getattr(error, "sqlstate", None) or ""


def is_lost(error: BaseException) -> bool:
    """Whether the connection went away, so that nobody knows what became of the transaction."""
    cause = error.__cause__
    if cause is None:
        return False
    state = says(cause)
    return (not state or state.startswith(_GONE)) and _family(cause) != ""


def is_passing(error: BaseException) -> bool:
    """Whether the same once more may do: on a new connection, or after the other transaction."""
    return is_lost(error) or (error.__cause__ is not None and says(error.__cause__) in _RACE)


def _family(error: BaseException) -> str:
    """Which library raised an exception; empty for none of those that speak to PostgreSQL."""
    families = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    return next(iter(families & {"psycopg", "asyncpg", "sqlalchemy", "django"}), "")


def as_ours(error: Exception) -> OutboxError:
    """The error of ours for a foreign one."""
    state = says(error)
    if state in _NO_SCHEMA:
        return SchemaMismatch(NO_TABLES)
    words = " ".join(str(error).split()) or type(error).__name__
    if state == IN_USE:
        return StoreUnavailable("an id is in use already")
    if state in _RACE:
        return StoreUnavailable(f"two transactions met in the database, and this one gave way: {words}")
    return StoreUnavailable(f"the database of the outbox did not do what was asked: {words}")


@contextmanager
def explained() -> Generator[None, None, None]:
    """Raise what a database library raises as errors of ours."""
    try:
        yield
    except EnvoiError:
        raise
    except Exception as error:
        if not _family(error) and not isinstance(error, OSError):
            raise
        raise as_ours(error) from error
