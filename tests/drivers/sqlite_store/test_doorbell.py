"""Who waits is woken by whoever commits, in whatever process; dead bells are taken down."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envoi.drivers.sqlite_store import open_store, open_store_async
from envoi.drivers.sqlite_store.colours import ASYNCIO
from envoi.drivers.sqlite_store.doorbell import Bell, Doorbell
from envoi.errors import StoreUnavailable
from envoi.session.run import run_sync
from tests.outbox.contract.arena import letter

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
SUBMIT = """
import sys
from envoi.drivers.sqlite_store import open_store
from envoi.session.run import run_sync
from tests.outbox.contract.arena import letter
store = open_store(sys.argv[1])
run_sync(store.put([letter()]))
run_sync(store.close())
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "some.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    return path


@pytest.fixture
def bells(tmp_path: Path) -> Path:
    folder = tmp_path / "bells"
    folder.mkdir()
    return folder


@pytest.fixture
def doorbell(bells: Path, database: Path) -> Iterator[Doorbell]:
    doorbell = Doorbell(bells, lambda: sqlite3.connect(database))
    yield doorbell
    doorbell.close()
    assert list(bells.iterdir()) == []


def test_a_ring_is_heard_once_by_everybody(doorbell: Doorbell, bells: Path, database: Path) -> None:
    first, second = doorbell.take(), doorbell.take()
    assert not first.rung()
    other = Doorbell(bells, lambda: sqlite3.connect(database))
    other.ring()
    assert (first.rung(), second.rung()) == (True, True)
    assert (first.rung(), second.rung()) == (False, False)


def test_a_ring_between_two_waits_is_heard(doorbell: Doorbell) -> None:
    doorbell.ready()
    doorbell.ready()
    doorbell.ring()
    bell = doorbell.take()
    assert bell.rung()
    doorbell.put_back(bell)
    assert doorbell.take() is bell


@pytest.mark.parametrize(
    ("changed", "passed", "listed_again"),
    [
        (1_700_000_000_123_456_789, 50_000_000, True),  # it may change again at the same instant
        (1_700_000_000_123_456_789, 200_000_000, False),
        (1_700_000_000_000_000_000, 2_000_000_000, True),  # this system may count whole seconds, or two
        (1_700_000_000_000_000_000, 6_000_000_000, False),
    ],
)
def test_a_folder_that_has_not_changed_for_a_while_is_not_listed_again(
    doorbell: Doorbell,
    bells: Path,
    monkeypatch: pytest.MonkeyPatch,
    changed: int,
    passed: int,
    listed_again: bool,
) -> None:
    listed: list[Path] = []
    iterdir = Path.iterdir

    def counted(path: Path) -> Iterator[Path]:
        listed.append(path)
        return iter(list(iterdir(path)))

    monkeypatch.setattr(Path, "iterdir", counted)
    bell = doorbell.take()
    os.utime(bells, ns=(changed, changed))
    monkeypatch.setattr(time, "time_ns", lambda: changed + passed)
    for _ in range(2):
        doorbell.ring()
        assert bell.rung()
    assert len(listed) == (2 if listed_again else 1)
    other = doorbell.take()
    doorbell.ring()
    assert bell.rung()
    assert other.rung()


def test_many_rings_do_not_block_who_rings(doorbell: Doorbell) -> None:
    bell = doorbell.take()
    for _ in range(70_000):
        doorbell.ring()
    assert bell.rung()


def test_a_sleep_ends_with_the_ring_or_with_the_time(doorbell: Doorbell) -> None:
    bell = doorbell.take()
    bell.sleep(0.01, time.sleep)
    doorbell.ring()
    begun = time.monotonic()
    bell.sleep(30, time.sleep)
    assert time.monotonic() - begun < 20


def test_a_commit_of_anybody_is_noticed(doorbell: Doorbell, database: Path) -> None:
    bell = doorbell.take()
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO t VALUES (1)")
    connection.close()
    assert bell.rung()
    assert not bell.rung()


def test_the_bell_of_a_dead_process_is_taken_down(doorbell: Doorbell, bells: Path) -> None:
    os.mkfifo(bells / "0")
    doorbell.ring()
    assert list(bells.iterdir()) == []


def test_a_bell_that_is_being_hung_is_left_alone(doorbell: Doorbell, bells: Path) -> None:
    os.mkfifo(bells / "0.new")
    doorbell.ring()
    assert [path.name for path in bells.iterdir()] == ["0.new"]
    (bells / "0.new").unlink()


def test_without_pipes_one_looks_often(
    doorbell: Doorbell, bells: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "mkfifo")
    bell = doorbell.take()
    assert bell.look_after < 0.1
    assert list(bells.iterdir()) == []
    naps: list[float] = []
    bell.sleep(0.05, naps.append)
    assert naps == [0.05]
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO t VALUES (1)")
    connection.close()
    assert bell.rung()


def test_no_ring_without_a_folder(tmp_path: Path) -> None:
    Doorbell(tmp_path / "missing", lambda: sqlite3.connect(":memory:")).ring()


def test_a_put_of_another_process_wakes(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    store = open_store(path)
    run_sync(store.claim("worker", 1, 60))
    while run_sync(store.wait(0)):
        pass
    process = subprocess.Popen([sys.executable, "-c", SUBMIT, str(path)], cwd=ROOT)
    assert run_sync(store.wait(30))
    assert process.wait() == 0
    run_sync(store.close())


def test_who_only_submits_hangs_no_bell(tmp_path: Path) -> None:
    store = open_store(tmp_path / "outbox.db")
    run_sync(store.put([letter()]))
    assert list((tmp_path / "outbox.db.d" / "bells").iterdir()) == []
    run_sync(store.close())


def test_who_waits_while_the_store_is_closed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        waits = asyncio.Event()
        rest = ASYNCIO.rest

        async def noticed(bell: Bell, seconds: float) -> None:
            waits.set()
            await rest(bell, seconds)

        monkeypatch.setattr(ASYNCIO, "rest", noticed)
        store = open_store_async(tmp_path / "outbox.db")
        waiting = asyncio.create_task(store.wait(30))
        await waits.wait()
        await store.close()
        with pytest.raises(StoreUnavailable, match="was closed"):
            await waiting

    asyncio.run(scene())
