"""`connection=`: mail is written in a transaction of the application, and commits or rolls back with it.

Taken are connections of psycopg and asyncpg, SQLAlchemy's connections and sessions over those, and
Django's. They are told by the names of their classes, so that nothing is imported that is not there. Nothing
is ever committed here, and a call that fails leaves the transaction as it was.
"""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from envoi.drivers.postgres_store.failures import explained
from envoi.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from envoi.drivers.postgres_store.link import Link, Row

__all__ = ["joined"]

_VALUE = re.compile(r"%\((\w+)\)b")
_NO_TRANSACTION = (
    "the connection has no transaction open, so there is nothing that the mail could commit with: begin one, "
    "or leave `connection` out"
)


@asynccontextmanager
async def joined(connection: Any, *, blocking: bool) -> AsyncGenerator[Link, None]:
    """Give a link in the transaction that is open on a connection of the caller's.

    Raises:
        UsageError: no transaction is open, or the connection is of a kind or a colour that cannot be used.
    """
    with explained():
        link = await _link(connection, blocking=blocking)
    await link.run("SAVEPOINT envoi")
    try:
        yield link
    except Exception:
        await link.run("ROLLBACK TO SAVEPOINT envoi")
        raise
    await link.run("RELEASE SAVEPOINT envoi")


async def _link(connection: Any, *, blocking: bool) -> Link:
    kinds = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(connection).__mro__}
    if "sqlalchemy.Connection" in kinds or "sqlalchemy.Session" in kinds:
        if "sqlalchemy.Session" in kinds:
            connection = connection.connection()
        # SQLAlchemy begins when something is run through it, and asyncpg's transaction even then only.
        connection.exec_driver_sql("SELECT 1")
        return await _link(connection.connection.driver_connection, blocking=blocking)
    if "sqlalchemy.AsyncConnection" in kinds or "sqlalchemy.AsyncSession" in kinds:
        if "sqlalchemy.AsyncSession" in kinds:
            connection = await connection.connection()
        await connection.exec_driver_sql("SELECT 1")
        return await _link((await connection.get_raw_connection()).driver_connection, blocking=blocking)
    if "django.BaseDatabaseWrapper" in kinds or "django.ConnectionProxy" in kinds:
        connection.ensure_connection()
        return await _link(connection.connection, blocking=blocking)
    if blocking and "psycopg.Connection" in kinds:
        from envoi.drivers.postgres_store.blocking import BlockingLink

        return BlockingLink(_with_transaction(connection))
    if not blocking and "psycopg.AsyncConnection" in kinds:
        from envoi.drivers.postgres_store.aio import AsyncioLink

        return AsyncioLink(_with_transaction(connection))
    if not blocking and kinds & {"asyncpg.Connection", "asyncpg.PoolConnectionProxy"}:
        if not connection.is_in_transaction():
            raise UsageError(_NO_TRANSACTION)
        return _AsyncpgLink(connection)
    raise _unusable(kinds, type(connection).__qualname__, blocking=blocking)


def _with_transaction(connection: Any) -> Any:
    """Return a connection of psycopg in a transaction, or about to begin one with its next statement."""
    from psycopg.pq import TransactionStatus

    if connection.autocommit and connection.info.transaction_status == TransactionStatus.IDLE:
        raise UsageError(_NO_TRANSACTION)
    return connection


def _unusable(kinds: set[str], name: str, *, blocking: bool) -> UsageError:
    if kinds & {"psycopg.AsyncConnection", "asyncpg.Connection", "asyncpg.PoolConnectionProxy"}:
        return UsageError(f"connection= is a connection for asyncio ({name}): use AsyncOutbox")
    if not blocking and "psycopg.Connection" in kinds:
        return UsageError(
            f"connection= would block the event loop ({name}): use Outbox, or a connection for asyncio"
        )
    return UsageError(
        f"connection= is a {name}, which the outbox cannot join: take one of psycopg 3, asyncpg, SQLAlchemy "
        "over one of these (postgresql+psycopg://, postgresql+asyncpg://), or Django's"
    )


class _AsyncpgLink:
    """A connection of asyncpg, which numbers its values."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def run(self, statement: str, **values: Any) -> list[Row]:
        """See `Link.run`."""
        numbered, names = _numbered(statement)
        with explained():
            rows = await self._connection.fetch(numbered, *(values[name] for name in names))
        return [tuple(row) for row in rows]


@cache
def _numbered(statement: str) -> tuple[str, tuple[str, ...]]:
    """Write ``$1`` for the first named value, and so on; return the names in that order."""
    names = tuple(dict.fromkeys(_VALUE.findall(statement)))
    return _VALUE.sub(lambda found: f"${names.index(found[1]) + 1}", statement), names
