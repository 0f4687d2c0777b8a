"""What `check` finds wrong, each with the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from envoi.drivers.postgres_store import open_store, upkeep
from envoi.session.run import run_sync
from tests.drivers.postgres_store.emptied import migrated
from tests.servers.postgresql import running_postgresql

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envoi.drivers.postgres_store import PostgresStore
    from tests.servers.ports import PortPool


def test_names_who_holds_a_snapshot_for_long(
    store: PostgresStore, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_sync(store.stats())
    at_once = upkeep.OLD_SNAPSHOT.replace("15 minutes", "0 minutes")
    monkeypatch.setattr(upkeep, "OLD_SNAPSHOT", at_once)
    with psycopg.connect(url, application_name="a report") as idle:
        idle.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        idle.execute("SELECT FROM envoi_queue")
        (problem,) = run_sync(store.check())
        process = idle.info.backend_pid
    assert "a report" in problem
    assert f"pg_terminate_backend({process})" in problem


@pytest.mark.slow
def test_finds_settings_that_lose_mail(
    server_folder: Path, server_ports: PortPool, require_program: Callable[[str], Path]
) -> None:
    folder = server_folder / "careless-postgresql"
    folder.mkdir()
    programs = require_program("initdb").resolve().parent
    careless = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
    with running_postgresql(folder, programs, server_ports, careless) as server:
        store = open_store(migrated(server.url()))
        problems = run_sync(store.check())
        run_sync(store.close())
    assert len(problems) == 3
    assert all(any(name in problem for problem in problems) for name in careless)
