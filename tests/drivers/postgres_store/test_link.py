"""What is learnt of a server before it is worked with, and a pooler between."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from envoi.drivers.postgres_store import open_store, open_store_async
from envoi.drivers.postgres_store.link import Server, conninfo
from envoi.errors import ConfigError, StoreUnavailable
from envoi.outbox.model import Query, State
from envoi.session.run import run_sync
from tests.drivers.postgres_store.letters import LEASE, fresh, waiting
from tests.outbox.contract.arena import result
from tests.servers.ports import LOOPBACK

if TYPE_CHECKING:
    from envoi.drivers.postgres_store import PostgresStore


def test_refuses_a_server_that_is_too_old() -> None:
    with pytest.raises(StoreUnavailable, match="13 or newer; this is 12"):
        Server.of((1, 120010, "on", "read committed"), 1)


def test_refuses_a_database_that_acknowledges_too_early(store: PostgresStore, url: str) -> None:
    early = open_store(make_conninfo(url, options="-c synchronous_commit=off"))
    with pytest.raises(StoreUnavailable, match="before they are on disk"):
        run_sync(early.stats())
    run_sync(store.stats())


def test_works_where_transactions_are_serializable(url: str) -> None:
    store = open_store(make_conninfo(url, options="-c default_transaction_isolation=serializable"))
    run_sync(store.put([fresh()]))
    (claim,) = run_sync(store.claim("worker", 1, LEASE)).claims
    assert run_sync(store.settle([result(claim, State.DELIVERED)])) == (True,)
    run_sync(store.close())


def test_takes_the_addresses_that_others_write() -> None:
    known = conninfo("postgresql+psycopg://envoi@db.example:5433/mail?connect_timeout=3")
    assert (known["host"], known["port"], known["dbname"]) == ("db.example", "5433", "mail")
    assert known["connect_timeout"] == "3"
    assert known["keepalives_idle"] == 30


def test_refuses_what_is_no_address() -> None:
    with pytest.raises(ConfigError, match="no PostgreSQL address"):
        open_store("postgresql://[::1")


def through(pgbouncer: int, url: str) -> str:
    return make_conninfo(url, host=LOOPBACK, port=pgbouncer)


def test_works_through_a_pooler_that_changes_sessions(pgbouncer: int, url: str) -> None:
    store = open_store(through(pgbouncer, url))
    for number in range(12):
        run_sync(store.put([fresh(key=f"order-{number}") for _ in range(2)]))
    assert waiting(store) == 12
    claims = run_sync(store.claim("worker", 20, LEASE)).claims
    assert len(claims) == 12
    assert all(run_sync(store.settle([result(claim, State.DELIVERED) for claim in claims])))
    assert len(run_sync(store.find(Query(state=State.DELIVERED))).messages) == 12
    run_sync(store.put([fresh()]))
    assert run_sync(store.wait(30))
    run_sync(store.close())


def test_works_through_a_pooler_for_asyncio(pgbouncer: int, url: str) -> None:
    async def scenario() -> None:
        store = open_store_async(through(pgbouncer, url))
        await asyncio.gather(*(store.put([fresh()]) for _ in range(30)))
        claims = (await store.claim("worker", 50, LEASE)).claims
        assert len(claims) == 30
        assert all(await store.settle([result(claim, State.DELIVERED) for claim in claims]))
        assert not await store.wait(0.3)
        await store.close()

    asyncio.run(scenario())


def test_leaves_the_sessions_of_a_pooler_as_they_were(pgbouncer: int, url: str) -> None:
    store = open_store(through(pgbouncer, url))
    run_sync(store.put([fresh()]))
    run_sync(store.claim("worker", 1, LEASE))
    with psycopg.connect(through(pgbouncer, url), autocommit=True) as connection:
        assert connection.execute("SHOW enable_seqscan").fetchone() == ("on",)
    run_sync(store.close())
