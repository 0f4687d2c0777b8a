"""Mail in the application's own transaction: there when that is committed, gone when it is not."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy
import sqlalchemy.orm

from envoi.drivers.sqlite_store import open_store, open_store_async
from envoi.errors import IdempotencyConflict, UsageError
from envoi.outbox.model import Stage
from envoi.session.run import run_sync
from tests.drivers.colours import run_asyncio
from tests.outbox.contract.arena import LEASE, Clock, letter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.drivers.sqlite_store import SQLiteStore


ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE orders (number INTEGER)")
    connection.close()
    return path


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteStore]:
    store = open_store(path, wall=Clock().now)
    run_sync(store.stats())
    yield store
    run_sync(store.close())


@pytest.fixture
def connection(path: Path, store: SQLiteStore) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


def waiting(store: SQLiteStore) -> int:
    return run_sync(store.stats()).stages[Stage.WAITING]


def test_mail_is_there_with_the_commit(store: SQLiteStore, connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO orders VALUES (42)")
    (accepted,) = run_sync(store.put([letter()], connection=connection))
    assert waiting(store) == 0
    connection.commit()
    assert waiting(store) == 1
    assert [claim.id for claim in run_sync(store.claim("worker", 9, LEASE)).claims] == [accepted.id]
    assert run_sync(store.check()) == ()


def test_mail_is_gone_with_the_rollback(store: SQLiteStore, connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO orders VALUES (42)")
    run_sync(store.put([letter(), letter(content=b"x" * 300_000)], connection=connection))
    connection.rollback()
    assert waiting(store) == 0
    assert run_sync(store.check()) == ()


def test_a_put_begins_the_transaction_when_it_is_the_first_change(
    store: SQLiteStore, connection: sqlite3.Connection
) -> None:
    run_sync(store.put([letter()], connection=connection))
    assert connection.in_transaction
    assert waiting(store) == 0
    connection.commit()
    assert waiting(store) == 1


def test_a_conflict_leaves_the_rest_of_the_transaction_as_it_was(
    store: SQLiteStore, connection: sqlite3.Connection
) -> None:
    run_sync(store.put([letter(key="order-42")]))
    connection.execute("INSERT INTO orders VALUES (42)")
    with pytest.raises(IdempotencyConflict):
        run_sync(store.put([letter(), letter(key="order-42", content=b"another")], connection=connection))
    connection.commit()
    assert waiting(store) == 1
    assert connection.execute("SELECT count(*) FROM orders").fetchone() == (1,)


def test_rows_as_the_application_likes_them_do_not_matter(
    store: SQLiteStore, connection: sqlite3.Connection
) -> None:
    connection.row_factory = sqlite3.Row
    run_sync(store.put([letter(key="order-42")], connection=connection))
    (again,) = run_sync(store.put([letter(key="order-42")], connection=connection))
    assert again.duplicate
    connection.commit()


def test_nothing_is_put_where_nothing_would_be_committed(store: SQLiteStore, path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(UsageError, match="no transaction is open"):
        run_sync(store.put([letter()], connection=connection))
    connection.execute("BEGIN")
    run_sync(store.put([letter()], connection=connection))
    connection.execute("COMMIT")
    connection.close()
    assert waiting(store) == 1


def test_a_connection_to_another_file_is_refused(store: SQLiteStore, tmp_path: Path) -> None:
    for place, named in ((":memory:", "in memory"), (str(tmp_path / "other.db"), "other.db")):
        connection = sqlite3.connect(place)
        connection.execute("CREATE TABLE t (x)")
        with pytest.raises(UsageError, match=named):
            run_sync(store.put([letter()], connection=connection))
        connection.close()


@pytest.mark.parametrize("given", [object(), 42, "sqlite:///outbox.db"])
def test_what_is_no_connection_is_refused(store: SQLiteStore, given: object) -> None:
    with pytest.raises(UsageError, match=f"connection= is a {type(given).__name__}"):
        run_sync(store.put([letter()], connection=given))


def test_joins_the_transaction_of_an_sqlalchemy_session(store: SQLiteStore, path: Path) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    with sqlalchemy.orm.Session(engine) as session:
        session.execute(sqlalchemy.text("INSERT INTO orders VALUES (42)"))
        run_sync(store.put([letter()], connection=session))
        session.rollback()
        assert waiting(store) == 0
        run_sync(store.put([letter()], connection=session))
        session.execute(sqlalchemy.text("INSERT INTO orders VALUES (43)"))
        session.commit()
    engine.dispose()
    assert waiting(store) == 1


def test_joins_the_transaction_of_an_sqlalchemy_connection(store: SQLiteStore, path: Path) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        run_sync(store.put([letter()], connection=connection))
    engine.dispose()
    assert waiting(store) == 1


def test_joins_the_transaction_of_django(path: Path) -> None:
    command = [sys.executable, "-m", "tests.drivers.sqlite_store.shop", str(path)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    refusal, within, after, undone = answer.stdout.splitlines()
    assert "transaction.atomic()" in refusal
    assert (within, after, undone) == ("0", "1", "1")


def test_a_put_beside_an_open_transaction_says_what_is_in_the_way(
    path: Path, connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from envoi.drivers.sqlite_store import opening
    from envoi.errors import StoreUnavailable

    monkeypatch.setattr(opening, "BUSY_SECONDS", 0.05)
    impatient = open_store(path)
    run_sync(impatient.stats())
    connection.execute("INSERT INTO orders VALUES (42)")
    with pytest.raises(StoreUnavailable, match="connection="):
        run_sync(impatient.put([letter()]))
    connection.commit()
    run_sync(impatient.put([letter()]))
    run_sync(impatient.close())


def test_joins_a_transaction_from_asyncio(path: Path) -> None:
    async def scenario() -> None:
        store = open_store_async(path, wall=Clock().now)
        await store.stats()
        connection = sqlite3.connect(path)
        await store.put([letter()], connection=connection)
        assert (await store.stats()).stages[Stage.WAITING] == 0
        connection.commit()
        connection.close()
        # Nobody rings for a commit of somebody else's, but who waits looks now and then.
        assert (await store.stats()).stages[Stage.WAITING] == 1
        await store.close()

    run_asyncio(scenario())


def test_who_waits_notices_the_commit_of_an_application(
    store: SQLiteStore, connection: sqlite3.Connection
) -> None:
    run_sync(store.claim("worker", 1, LEASE))
    while run_sync(store.wait(0)):
        pass
    run_sync(store.put([letter()], connection=connection))
    assert not run_sync(store.wait(0))
    connection.commit()
    assert run_sync(store.wait(30))
