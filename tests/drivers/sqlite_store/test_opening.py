"""Opening: durable settings, private files, and clear words about what cannot be opened."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from envoi.drivers.sqlite_store import open_store, opening, schema
from envoi.drivers.sqlite_store.schema import Step
from envoi.errors import ConfigError, Retry, SchemaMismatch, StoreUnavailable
from envoi.outbox.model import Stage
from envoi.session.run import run_sync
from tests.outbox.contract.arena import letter

if TYPE_CHECKING:
    from pathlib import Path

    from envoi.drivers.sqlite_store import SQLiteStore


def written(path: Path) -> str:
    """A store with one letter, closed; its id."""
    store = open_store(path)
    (accepted,) = run_sync(store.put([letter()]))
    run_sync(store.close())
    return accepted.id


def setting(store: SQLiteStore, name: str) -> object:
    assert store._opened is not None
    return store._opened.committer._connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_commits_are_durable(tmp_path: Path) -> None:
    store = open_store(tmp_path / "outbox.db")
    run_sync(store.stats())
    assert (setting(store, "journal_mode"), setting(store, "synchronous")) == ("wal", 2)
    assert setting(store, "fullfsync") == 1
    assert setting(store, "secure_delete") == 2  # fast, whatever this SQLite was built with
    run_sync(store.close())


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        store = open_store(tmp_path / "outbox.db")
        run_sync(store.put([letter(content=b"x" * 300_000)]))
        run_sync(store.claim("worker", 1, 60))
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
        run_sync(store.close())
    finally:
        os.umask(previous)
    assert {path: mode for path, mode in modes.items() if mode & 0o077} == {}


def test_a_file_that_others_can_read_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    written(path)
    path.chmod(0o644)
    store = open_store(path)
    (wrong,) = run_sync(store.check())
    run_sync(store.close())
    assert "chmod 600" in wrong


def test_a_sqlite_that_is_too_old_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(ConfigError, match=r"SQLite 3\.35"):
        run_sync(open_store(tmp_path / "outbox.db").stats())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no folder"):
        run_sync(open_store(tmp_path / "missing" / "outbox.db").stats())


def test_a_network_file_system_is_refused_unless_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "network_file_system", lambda _: "nfs4")
    path = tmp_path / "outbox.db"
    with pytest.raises(ConfigError, match="nfs4"):
        run_sync(open_store(path).stats())
    store = open_store(path, network_file_system=True)
    run_sync(store.stats())
    run_sync(store.close())


def test_a_sqlite_that_is_not_durable_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_FULL", 3)
    with pytest.raises(StoreUnavailable, match="synchronous=FULL"):
        run_sync(open_store(tmp_path / "outbox.db").stats())


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    path.write_bytes(b"From: somebody\r\n\r\nThis is not SQLite's." * 50)
    with pytest.raises(StoreUnavailable, match="damaged") as refusal:
        run_sync(open_store(path).stats())
    assert refusal.value.retry is Retry.NEVER
    assert path.read_bytes().startswith(b"From:")


def test_a_file_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "outbox.db.d").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="cannot be made"):
        run_sync(open_store(tmp_path / "outbox.db").stats())


def test_what_may_only_be_read_says_which_right_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "outbox.db"
    run_sync(open_store(path).stats())
    opened = os.open

    def refused(place: Any, flags: int, mode: int = 0o777, **others: Any) -> int:
        if str(place).endswith("lock"):  # root may write everywhere
            raise PermissionError(errno.EACCES, "Permission denied", str(place))
        return opened(place, flags, mode, **others)

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(StoreUnavailable, match=r"Permission denied.*the right to write"):
        run_sync(open_store(path).stats())


def test_a_damaged_file_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    store = open_store(path)
    run_sync(store.put([letter(key=f"order-{number}") for number in range(300)]))
    run_sync(store.close())
    with path.open("r+b") as file:
        for page in range(1, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(os.urandom(4096))
    store = open_store(path)
    with pytest.raises(StoreUnavailable, match=r"damaged.*\.recover"):
        run_sync(store.put([letter()]))
    with pytest.raises(StoreUnavailable, match="damaged"):
        run_sync(store.stats())
    run_sync(store.close())


def test_damage_that_is_seen_while_working_closes_the_store(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    store = open_store(path)
    run_sync(store.put([letter() for _ in range(300)]))
    run_sync(store.close())
    size = path.stat().st_size // 4096
    with path.open("r+b") as file:
        for page in range(size // 2, size):
            file.seek(page * 4096)
            file.write(b"\xff" * 4096)
    store = open_store(path)

    async def work() -> None:
        for _ in range(300):
            await store.put([letter()])
            await store.claim("worker", 300, 60)

    with pytest.raises(StoreUnavailable, match="damaged"):
        run_sync(work())
    for again in (store.stats(), store.put([letter()])):
        with pytest.raises(StoreUnavailable, match="damaged") as refusal:
            run_sync(again)
        assert refusal.value.retry is Retry.NEVER
    run_sync(store.close())


def test_damage_is_found_by_check(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    store = open_store(path)
    run_sync(store.put([letter() for _ in range(50)]))
    (large,) = run_sync(store.put([letter(content=b"x" * 300_000)]))
    run_sync(store.close())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO envoi_count VALUES ('waiting', 'work', 7)")
    for file in (tmp_path / "outbox.db.d" / "spool").iterdir():
        file.unlink()
    store = open_store(path)
    lost, miscounted = run_sync(store.check())
    run_sync(store.close())
    assert large.id in lost
    assert "51" in miscounted


def test_a_file_that_is_replaced_meanwhile_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    store = open_store(path)
    run_sync(store.put([letter()]))
    path.rename(tmp_path / "elsewhere.db")
    with pytest.raises(StoreUnavailable, match="removed or replaced"):
        run_sync(store.put([letter()]))
    run_sync(store.close())


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> None:
    later = Step(number=9000, name="9000_moods", sql="CREATE TABLE envoi_mood (name TEXT);\n")
    known = schema.steps()
    monkeypatch.setattr(schema, "steps", lambda: (*known, later))


def test_older_tables_are_refused_and_migrated_when_told_so(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / "outbox.db"
    message = written(path)
    request.getfixturevalue("next_version")
    store = open_store(path)
    with pytest.raises(SchemaMismatch, match="envoi outbox migrate"):
        run_sync(store.stats())
    assert run_sync(store.migrate(dry_run=True)) == ("9000_moods",)
    with pytest.raises(SchemaMismatch):
        run_sync(store.stats())
    assert run_sync(store.migrate()) == ("9000_moods",)
    assert run_sync(store.migrate()) == ()
    assert [status.id for status in run_sync(store.status([message]))] == [message]
    run_sync(store.close())


def test_newer_tables_are_refused(
    tmp_path: Path, next_version: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "outbox.db"
    written(path)
    monkeypatch.undo()
    with pytest.raises(SchemaMismatch, match="newer envoi"):
        run_sync(open_store(path).stats())
    with pytest.raises(SchemaMismatch, match="newer envoi"):
        run_sync(open_store(path).migrate())


def test_a_step_that_fails_leaves_the_tables_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "outbox.db"
    written(path)
    broken = Step(
        number=9000, name="9000_broken", sql="CREATE TABLE envoi_mood (name TEXT);\nSELECT nothing;\n"
    )
    known = schema.steps()
    with monkeypatch.context() as patched:
        patched.setattr(schema, "steps", lambda: (*known, broken))
        with pytest.raises(StoreUnavailable, match="nothing"):
            run_sync(open_store(path).migrate())
    store = open_store(path)
    assert run_sync(store.stats()).stages[Stage.WAITING] == 1
    run_sync(store.close())


def test_the_steps_are_numbered_in_order() -> None:
    assert [step.number for step in schema.steps()] == list(range(1, len(schema.steps()) + 1))


def test_lives_in_a_database_with_other_tables(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE orders (number INTEGER)")
        connection.execute("PRAGMA user_version = 17")
    connection.close()
    written(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (17,)
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    connection.close()
    assert {name for (name,) in tables if not name.startswith("envoi_")} == {"orders"}
