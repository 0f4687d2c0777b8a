"""The database behaves as a machine's would: durable, emptied for each test, and back after a power cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.servers.ports import LOOPBACK
from tests.servers.postgresql import OWNER, running_postgresql

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers.ports import PortPool
    from tests.servers.postgresql import PostgreSQL


def test_acknowledges_what_is_on_disk(postgresql_database: str) -> None:
    with psycopg.connect(postgresql_database) as connection:
        settings = connection.execute(
            "SELECT current_setting('fsync'), current_setting('synchronous_commit')"
        )
        assert settings.fetchone() == ("on", "on")


def test_gives_each_test_an_empty_database(postgresql: PostgreSQL) -> None:
    for _ in range(2):
        with postgresql.database() as url:
            postgresql.run("CREATE TABLE only_here ()", url)


@pytest.mark.slow
def test_keeps_what_was_committed_over_a_crash(
    server_folder: Path, server_ports: PortPool, require_program: Callable[[str], Path]
) -> None:
    folder = server_folder / "crashing-postgresql"
    folder.mkdir()
    programs = require_program("initdb").resolve().parent
    with running_postgresql(folder, programs, server_ports) as server:
        server.run("CREATE TABLE kept ()")
        server.crash()
        server.start()
        server.run("SELECT FROM kept")


def test_pools_connections_by_transaction(pgbouncer: int) -> None:
    url = f"postgresql://{OWNER}@{LOOPBACK}:{pgbouncer}/postgres"
    with psycopg.connect(url, autocommit=True) as connection:
        (backend,) = connection.execute("SELECT pg_backend_pid()").fetchone() or (0,)
        assert backend != connection.info.backend_pid
