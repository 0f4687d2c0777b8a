"""An empty outbox in PostgreSQL for each test, without making a database each time: that takes 0.3 s."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from envoi.drivers.postgres_store import open_store
from envoi.session.run import run_sync

if TYPE_CHECKING:
    from tests.servers.postgresql import PostgreSQL

__all__ = ["emptied", "migrated"]

_NAME = "outbox"
_KEPT = "'envoi_meta', 'envoi_fold'"
_OURS = f"SELECT tablename FROM pg_tables WHERE tablename LIKE 'envoi%' AND tablename NOT IN ({_KEPT})"


def migrated(url: str) -> str:
    """Make the tables, and return the address."""
    store = open_store(url)
    run_sync(store.migrate())
    run_sync(store.close())
    return url


def emptied(server: PostgreSQL) -> str:
    """The address of a database with an empty outbox: always the same one."""
    url = server.url(_NAME)
    with psycopg.connect(server.url(), autocommit=True) as connection:
        known = connection.execute("SELECT FROM pg_database WHERE datname = %s", [_NAME]).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_NAME)))
            return migrated(url)
    with psycopg.connect(url) as connection:
        for (table,) in connection.execute(_OURS).fetchall():
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        connection.execute("DELETE FROM envoi_tally")  # again: what was deleted before it was counted
    return url
