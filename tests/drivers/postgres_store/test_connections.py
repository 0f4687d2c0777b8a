"""Mail commits and rolls back with the transaction that an application has open, whatever its library."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import psycopg
import pytest
import sqlalchemy
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from envoi.drivers.postgres_store import open_store_async
from envoi.errors import IdempotencyConflict, SchemaMismatch, UsageError
from envoi.session.run import run_sync
from tests.django_project import configure
from tests.drivers.postgres_store.letters import LEASE, fresh, waiting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from envoi.drivers.postgres_store import PostgresStore
    from tests.servers.postgresql import PostgreSQL

    Opened = tuple[Any, Callable[[], Any], Callable[[], Any]]


def over(url: str, driver: str) -> str:
    return url.replace("postgresql://", f"postgresql+{driver}://")


@contextmanager
def of_psycopg(url: str) -> Iterator[Opened]:
    with psycopg.connect(url) as connection:
        yield connection, connection.commit, connection.rollback


@contextmanager
def of_psycopg_that_commits_by_itself(url: str) -> Iterator[Opened]:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("BEGIN")
        yield connection, connection.commit, connection.rollback


@contextmanager
def of_sqlalchemy(url: str) -> Iterator[Opened]:
    engine = sqlalchemy.create_engine(over(url, "psycopg"))
    with engine.connect() as connection:
        yield connection, connection.commit, connection.rollback
    engine.dispose()


@contextmanager
def of_a_session(url: str) -> Iterator[Opened]:
    engine = sqlalchemy.create_engine(over(url, "psycopg"))
    with Session(engine) as session:
        yield session, session.commit, session.rollback
    engine.dispose()


@contextmanager
def of_django(url: str) -> Iterator[Opened]:
    from django.db.backends.postgresql.base import DatabaseWrapper

    configure()
    known = conninfo_to_dict(url)
    settings = {name.upper(): str(known[name]) for name in ("user", "host", "port")} | {
        "NAME": known["dbname"]
    }
    rest: dict[str, Any] = {
        "PASSWORD": "",
        "OPTIONS": {},
        "TIME_ZONE": None,
        "CONN_HEALTH_CHECKS": False,
        "CONN_MAX_AGE": 0,
    }
    connection = DatabaseWrapper({**settings, **rest, "AUTOCOMMIT": True, "ATOMIC_REQUESTS": False})
    connection.set_autocommit(False)
    yield connection, connection.commit, connection.rollback
    connection.close()


@asynccontextmanager
async def of_asynchronous_psycopg(url: str) -> AsyncIterator[Opened]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        yield connection, connection.commit, connection.rollback


@asynccontextmanager
async def of_asyncpg(url: str) -> AsyncIterator[Opened]:
    connection = await asyncpg.connect(url)
    transaction = connection.transaction()
    await transaction.start()
    yield connection, transaction.commit, transaction.rollback
    await connection.close()


@asynccontextmanager
async def of_a_pool_of_asyncpg(url: str) -> AsyncIterator[Opened]:
    async with asyncpg.create_pool(url, min_size=1) as pool, pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        yield connection, transaction.commit, transaction.rollback


def of_asynchronous_sqlalchemy(driver: str) -> Callable[[str], AbstractAsyncContextManager[Opened]]:
    @asynccontextmanager
    async def opened(url: str) -> AsyncIterator[Opened]:
        engine = create_async_engine(over(url, driver))
        async with engine.connect() as connection:
            yield connection, connection.commit, connection.rollback
        await engine.dispose()

    return opened


def of_an_asynchronous_session(driver: str) -> Callable[[str], AbstractAsyncContextManager[Opened]]:
    @asynccontextmanager
    async def opened(url: str) -> AsyncIterator[Opened]:
        engine = create_async_engine(over(url, driver))
        async with AsyncSession(engine) as session:
            yield session, session.commit, session.rollback
        await engine.dispose()

    return opened


BLOCKING = [
    pytest.param(of_psycopg, id="psycopg"),
    pytest.param(of_psycopg_that_commits_by_itself, id="psycopg-autocommit"),
    pytest.param(of_sqlalchemy, id="sqlalchemy"),
    pytest.param(of_a_session, id="sqlalchemy-session"),
    pytest.param(of_django, id="django"),
]
ASYNCHRONOUS = [
    pytest.param(of_asynchronous_psycopg, id="psycopg"),
    pytest.param(of_asyncpg, id="asyncpg"),
    pytest.param(of_a_pool_of_asyncpg, id="asyncpg-pool"),
    pytest.param(of_asynchronous_sqlalchemy("psycopg"), id="sqlalchemy-psycopg"),
    pytest.param(of_asynchronous_sqlalchemy("asyncpg"), id="sqlalchemy-asyncpg"),
    pytest.param(of_an_asynchronous_session("psycopg"), id="sqlalchemy-session-psycopg"),
    pytest.param(of_an_asynchronous_session("asyncpg"), id="sqlalchemy-session-asyncpg"),
]


@pytest.mark.parametrize("connected", BLOCKING)
def test_commits_and_rolls_back_with_the_application(
    connected: Callable[[str], AbstractContextManager[Opened]], store: PostgresStore, url: str
) -> None:
    with connected(url) as (connection, _, rollback):
        run_sync(store.put([fresh(key="order-1"), fresh()], connection=connection))
        rollback()
    assert waiting(store) == 0
    with connected(url) as (connection, commit, _):
        run_sync(store.put([fresh(key="order-1"), fresh()], connection=connection))
        assert waiting(store) == 0
        commit()
        assert waiting(store) == 2
    assert len(run_sync(store.claim("worker", 9, LEASE)).claims) == 2


@pytest.mark.parametrize("connected", BLOCKING)
def test_a_refused_mail_leaves_the_transaction_usable(
    connected: Callable[[str], AbstractContextManager[Opened]], store: PostgresStore, url: str
) -> None:
    run_sync(store.put([fresh(key="order-1")]))
    other = fresh(key="order-1", content=b"Subject: other\r\n\r\n")
    with connected(url) as (connection, commit, _):
        run_sync(store.put([fresh()], connection=connection))
        with pytest.raises(IdempotencyConflict, match="order-1"):
            run_sync(store.put([fresh(key="order-2"), other], connection=connection))
        commit()
    assert waiting(store) == 2


@pytest.mark.parametrize("connected", ASYNCHRONOUS)
def test_commits_and_rolls_back_with_an_asynchronous_application(
    connected: Callable[[str], AbstractAsyncContextManager[Opened]], store: PostgresStore, url: str
) -> None:
    async def scenario() -> None:
        asynchronous = open_store_async(url)
        async with connected(url) as (connection, _, rollback):
            await asynchronous.put([fresh(key="order-1"), fresh()], connection=connection)
            await rollback()
        assert waiting(store) == 0
        async with connected(url) as (connection, commit, _):
            await asynchronous.put([fresh(key="order-1"), fresh()], connection=connection)
            assert waiting(store) == 0
            with pytest.raises(IdempotencyConflict):
                await asynchronous.put([fresh(key="order-1", content=b"else")], connection=connection)
            await commit()
        await asynchronous.close()

    asyncio.run(scenario())
    assert waiting(store) == 2
    assert len(run_sync(store.claim("worker", 9, LEASE)).claims) == 2


def test_refuses_a_connection_without_a_transaction(store: PostgresStore, url: str) -> None:
    with (
        psycopg.connect(url, autocommit=True) as connection,
        pytest.raises(UsageError, match="no transaction open"),
    ):
        run_sync(store.put([fresh()], connection=connection))


def test_refuses_an_asynchronous_connection_without_a_transaction(url: str) -> None:
    async def scenario() -> None:
        store = open_store_async(url)
        connection = await asyncpg.connect(url)
        with pytest.raises(UsageError, match="no transaction open"):
            await store.put([fresh()], connection=connection)
        await connection.close()
        await store.close()

    asyncio.run(scenario())


def test_refuses_a_connection_of_the_other_colour(store: PostgresStore, url: str) -> None:
    async def scenario() -> None:
        async with await psycopg.AsyncConnection.connect(url) as connection:
            with pytest.raises(UsageError, match="use AsyncOutbox"):
                run_sync(store.put([fresh()], connection=connection))
        with psycopg.connect(url) as blocking, pytest.raises(UsageError, match="block the event loop"):
            await open_store_async(url).put([fresh()], connection=blocking)

    asyncio.run(scenario())


def test_says_what_to_do_where_the_tables_are_missing(store: PostgresStore, postgresql: PostgreSQL) -> None:
    with (
        postgresql.database() as url,
        psycopg.connect(url) as connection,
        pytest.raises(SchemaMismatch, match="envoi outbox migrate"),
    ):
        run_sync(store.put([fresh()], connection=connection))
