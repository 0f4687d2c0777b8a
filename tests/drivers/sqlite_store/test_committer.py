"""Who commits: together what comes together, each on its own account, and never after an I/O error."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from envoi.drivers.sqlite_store import colours, open_store, open_store_async
from envoi.drivers.sqlite_store.commit_lock import CommitLock
from envoi.drivers.sqlite_store.committer import MOST_OPERATIONS, Committer
from envoi.errors import StoreUnavailable
from envoi.outbox.model import Stage
from envoi.session.run import run_sync
from tests.drivers.colours import run_asyncio
from tests.outbox.contract.arena import letter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from envoi.drivers.sqlite_store.pending import Pending
    from envoi.drivers.sqlite_store.transaction import Transaction


class Watched:
    """A committer over a table of numbers, and what it committed together."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "numbers.db"
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        connection.execute("CREATE TABLE number (n INTEGER UNIQUE)")
        self.lock = CommitLock(folder / "lock")
        self.other = CommitLock(folder / "lock")
        self.groups: list[int] = []
        self.trouble: Callable[[], None] = lambda: None
        self.committer = Committer(
            self.path,
            connection,
            lock=self.lock,
            clock=lambda: 0,
            check=self._check,
            committed=self._committed,
        )

    def _check(self) -> None:
        self.trouble()

    def _committed(self, transactions: Sequence[Transaction]) -> None:
        if transactions:
            self.groups.append(len(transactions))

    def numbers(self) -> list[int]:
        connection = sqlite3.connect(self.path)
        found = [number for (number,) in connection.execute("SELECT n FROM number ORDER BY n")]
        connection.close()
        return found

    def close(self) -> None:
        self.committer.close()
        self.lock.close()
        self.other.close()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path)
    yield watched
    watched.close()


def insert(number: int) -> Callable[[Transaction], int]:
    def operation(tx: Transaction) -> int:
        tx.run("INSERT INTO number VALUES (?)", number)
        return number

    return operation


def test_what_is_queued_is_committed_together(watched: Watched) -> None:
    with watched.other:
        futures = [watched.committer.submit(insert(number)) for number in range(50)]
    assert [future.result(30) for future in futures] == list(range(50))
    assert watched.groups == [50]
    assert watched.numbers() == list(range(50))


def test_a_group_has_its_bounds(watched: Watched) -> None:
    with watched.other:
        many = [watched.committer.submit(insert(number)) for number in range(MOST_OPERATIONS + 10)]
        large = [watched.committer.submit(insert(1000 + number), 3_000_000) for number in range(3)]
    for future in many + large:
        future.result(30)
    assert watched.groups == [MOST_OPERATIONS, 10 + 2, 1]


def test_a_lone_caller_commits_by_himself(watched: Watched) -> None:
    threads: list[str] = []
    watched.committer.perform(lambda tx: threads.append(threading.current_thread().name)).result(0)
    assert threads == [threading.current_thread().name]


def test_a_caller_does_not_wait_in_front_of_a_lock_that_is_taken(watched: Watched) -> None:
    with watched.other:
        future = watched.committer.perform(insert(1))
        assert not future.done()
    assert future.result(30) == 1


def test_one_that_fails_takes_no_other_along(watched: Watched) -> None:
    def fail(tx: Transaction) -> None:
        tx.run("INSERT INTO number VALUES (99)")
        raise ValueError("changed my mind")

    with watched.other:
        futures: list[Pending[Any]] = [watched.committer.submit(insert(1)) for _ in range(2)]
        futures += [watched.committer.submit(fail), watched.committer.submit(insert(2))]
    assert futures[0].result(30) == 1
    with pytest.raises(StoreUnavailable, match="UNIQUE"):
        futures[1].result(30)
    with pytest.raises(ValueError, match="changed my mind"):
        futures[2].result(30)
    assert futures[3].result(30) == 2
    assert watched.numbers() == [1, 2]


def test_one_that_fails_alone_leaves_nothing(watched: Watched) -> None:
    watched.committer.perform(insert(1))
    with pytest.raises(StoreUnavailable, match="UNIQUE"):
        watched.committer.perform(insert(1)).result(0)
    assert watched.committer.perform(insert(2)).result(0) == 2
    assert watched.numbers() == [1, 2]


def test_what_is_taken_back_in_time_is_not_written(watched: Watched) -> None:
    with watched.other:
        kept, dropped = watched.committer.submit(insert(1)), watched.committer.submit(insert(2))
        assert dropped.cancel()
    assert kept.result(30) == 1
    assert not kept.cancel()
    assert not dropped.done()
    assert watched.numbers() == [1]


def test_an_io_error_ends_it_and_nothing_is_tried_again(watched: Watched) -> None:
    def break_down(tx: Transaction) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR | (4 << 8)  # of fsync
        raise error

    with watched.other:
        before = watched.committer.submit(insert(1))
        broken = watched.committer.submit(break_down)
    for future in (before, broken, watched.committer.submit(insert(2)), watched.committer.perform(insert(3))):
        with pytest.raises(StoreUnavailable, match="I/O error"):
            future.result(30)
    assert watched.numbers() == []


def test_a_full_disk_ends_nothing(watched: Watched) -> None:
    def fill(tx: Transaction) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    with pytest.raises(StoreUnavailable, match="Make room"):
        watched.committer.perform(fill).result(0)
    assert watched.committer.perform(insert(1)).result(0) == 1


def test_a_file_that_is_gone_ends_it(watched: Watched) -> None:
    def gone() -> None:
        raise StoreUnavailable("the file was removed")

    watched.trouble = gone
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="was removed"):
            watched.committer.submit(insert(1)).result(30)


def test_ctrl_c_in_ones_own_commit_leaves_everything_as_it_was(watched: Watched) -> None:
    def interrupt(tx: Transaction) -> None:
        tx.run("INSERT INTO number VALUES (99)")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watched.committer.perform(interrupt)
    assert watched.committer.perform(insert(1)).result(0) == 1
    assert watched.committer.submit(insert(2)).result(30) == 2
    assert watched.numbers() == [1, 2]


def test_closing_commits_what_was_queued(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    with watched.other:
        futures = [watched.committer.submit(insert(number)) for number in range(5)]
        closing = threading.Thread(target=watched.committer.close)
        closing.start()
    closing.join()
    assert [future.result(0) for future in futures] == list(range(5))
    for late in (watched.committer.submit(insert(9)), watched.committer.perform(insert(9))):
        with pytest.raises(StoreUnavailable, match="was closed"):
            late.result(0)
    assert watched.numbers() == list(range(5))
    watched.lock.close()
    watched.other.close()


@pytest.mark.parametrize("colour", ["blocking", "asyncio"])
def test_a_lock_that_nobody_gives_back_is_waited_for_with_patience(
    tmp_path: Path, colour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(colours, "PATIENCE_SECONDS", 0.05)
    opened = open_store if colour == "blocking" else open_store_async
    run = run_sync if colour == "blocking" else run_asyncio

    async def scenario() -> None:
        store = opened(tmp_path / "outbox.db")
        await store.stats()
        lock = CommitLock(tmp_path / "outbox.db.d" / "lock")
        with lock, pytest.raises(StoreUnavailable, match="locked by another process"):
            await store.put([letter()])
        lock.close()
        monkeypatch.setattr(colours, "PATIENCE_SECONDS", 30)
        await store.put([letter()])
        assert (await store.stats()).stages[Stage.WAITING] == 1
        await store.close()

    run(scenario())


def test_many_threads_share_commits(tmp_path: Path) -> None:
    store = open_store(tmp_path / "outbox.db")
    run_sync(store.stats())
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: run_sync(store.put([letter()])), range(200)))
    assert run_sync(store.stats()).stages[Stage.WAITING] == 200
    run_sync(store.close())


def test_a_task_that_is_cancelled_takes_its_mail_back_if_it_still_can(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = open_store_async(tmp_path / "outbox.db")
        await store.stats()
        lock = CommitLock(tmp_path / "outbox.db.d" / "lock")
        with lock:
            task = asyncio.create_task(store.put([letter()]))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        lock.close()
        await store.put([letter()])
        assert (await store.stats()).stages[Stage.WAITING] == 1
        await store.close()

    run_asyncio(scenario())
