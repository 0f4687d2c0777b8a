"""The engine on PostgreSQL 13 or newer, over psycopg 3: for queues that many machines work on.

`open_store` and `open_store_async` are the way in. `store` implements the port, `link` is what its statements
are run through, `blocking` and `aio` are the two colours of that. Tables come from `migrations/`. The engine
of a single machine is `envoi.drivers.sqlite_store`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.drivers.postgres_store.store import PostgresStore
from envoi.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

__all__ = ["PostgresStore", "open_store", "open_store_async"]

_NO_PSYCOPG = "an outbox in PostgreSQL needs psycopg: pip install 'envoi[postgres]'"


def open_store(url: str, *, wall: Callable[[], datetime] | None = None, listen: bool = True) -> PostgresStore:
    """Give a store whose methods block; nothing is connected before the first of them.

    Args:
        url: such as ``postgresql://user@host/database``, with libpq's parameters.
        wall: the clock; the database's without.
        listen: whether to be told of new mail. Behind a pooler it never is, and looks every 5 s.

    Raises:
        ConfigError: psycopg is not installed, or the address is none.
    """
    try:
        from envoi.drivers.postgres_store.blocking import BlockingDatabase
    except ImportError as error:
        raise ConfigError(_NO_PSYCOPG) from error
    return PostgresStore(BlockingDatabase(url, listen=listen), blocking=True, wall=wall)


def open_store_async(
    url: str, *, wall: Callable[[], datetime] | None = None, listen: bool = True
) -> PostgresStore:
    """Give a store for asyncio; see `open_store`."""
    try:
        from envoi.drivers.postgres_store.aio import AsyncioDatabase
    except ImportError as error:
        raise ConfigError(_NO_PSYCOPG) from error
    return PostgresStore(AsyncioDatabase(url, listen=listen), blocking=False, wall=wall)
