"""Figures, events and marks while transactions overlap: late commits are neither lost nor passed over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg

from envoi.drivers.postgres_store import claiming, open_store
from envoi.drivers.postgres_store.link import PREPARE
from envoi.outbox.model import Stage, State
from envoi.session.run import run_sync
from tests.drivers.postgres_store.letters import LEASE, fresh, waiting
from tests.outbox.contract.arena import result

if TYPE_CHECKING:
    from envoi.drivers.postgres_store import PostgresStore


def drained(store: PostgresStore, most: int = 100) -> int:
    count = 0
    while claims := run_sync(store.claim("worker", most, LEASE)).claims:
        run_sync(store.settle([result(claim, State.DELIVERED) for claim in claims]))
        count += len(claims)
    return count


def test_counts_what_is_there_however_it_was_folded(store: PostgresStore, url: str) -> None:
    run_sync(store.put([fresh(account=f"account{n % 3}") for n in range(9)]))
    with psycopg.connect(url) as late:
        late.execute("INSERT INTO envoi_nudges VALUES ('nobody')")  # a writer that is under way
        run_sync(store.put([fresh()], connection=late))
        for _ in range(2):
            run_sync(store.reap(LEASE))
            assert waiting(store) == 9
            run_sync(store.put([fresh()]))
            run_sync(store.cancel([run_sync(store.claim("worker", 1, LEASE)).claims[0].id]))
            assert waiting(store) == 9
    assert waiting(store) == 10
    run_sync(store.reap(LEASE))
    stats = run_sync(store.stats())
    assert (stats.stages[Stage.WAITING], stats.stages[Stage.CLAIMED], stats.due) == (10, 2, 10)
    assert sum(stats.accounts.values()) == 10


def test_events_appear_in_the_order_of_their_transactions(store: PostgresStore, url: str) -> None:
    first, second = fresh(), fresh()
    with psycopg.connect(url) as late:
        run_sync(store.put([first], connection=late))
        run_sync(store.put([second]))
        assert run_sync(store.events(0)) == ()
    assert [event.id for event in run_sync(store.events(0))] == [first.id, second.id]


def test_finds_what_was_committed_behind_the_mark(store: PostgresStore, url: str) -> None:
    clock = [datetime.now(UTC)]
    timed = open_store(url, wall=lambda: clock[0])
    with psycopg.connect(url) as late:
        run_sync(timed.put([fresh(due_at=clock[0])], connection=late))
        clock[0] += timedelta(seconds=60)
        run_sync(timed.put([fresh(due_at=clock[0] - timedelta(seconds=30))]))
        assert drained(timed) == 1
        assert drained(timed) == 0
    clock[0] += timedelta(seconds=6)
    assert drained(timed) == 1
    run_sync(timed.close())


def test_finds_at_once_what_is_put_behind_the_mark(store: PostgresStore) -> None:
    run_sync(store.put([fresh()]))
    assert drained(store) == 1
    run_sync(store.put([fresh(due_at=datetime.now(UTC) - timedelta(hours=1))]))
    assert drained(store) == 1


def test_does_not_read_what_is_dead_while_a_snapshot_is_held(store: PostgresStore, url: str) -> None:
    with psycopg.connect(url) as idle:
        idle.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        idle.execute("SELECT FROM envoi_queue")
        past = datetime.now(UTC) - timedelta(minutes=1)
        run_sync(store.put([fresh(due_at=past + timedelta(milliseconds=n)) for n in range(3000)]))
        assert drained(store) == 3000
        with psycopg.connect(url, autocommit=True) as looking:
            looking.execute(PREPARE)
            assert pages_read(looking, sweep=False) * 2 < pages_read(looking, sweep=True)


def pages_read(connection: psycopg.Connection, *, sweep: bool) -> int:
    """How many pages a claim reads to find what is due."""
    ((plan,),) = connection.execute(
        f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {claiming.CANDIDATES}".encode(),
        {"account": "work", "sweep": sweep, "most": 100, "now": datetime.now(UTC)},
    )
    return int(plan[0]["Plan"]["Shared Hit Blocks"]) + int(plan[0]["Plan"]["Shared Read Blocks"])
