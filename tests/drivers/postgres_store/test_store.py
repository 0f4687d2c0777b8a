"""The database goes away, workers meet, programs fork: nothing is lost, and nobody has the same mail."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from envoi.drivers.postgres_store import open_store, open_store_async
from envoi.errors import StoreUnavailable
from envoi.outbox.account_rules import AccountRules, OnUnknown
from envoi.outbox.model import Stage, State
from envoi.session.run import run_sync
from tests.drivers.postgres_store.emptied import migrated
from tests.drivers.postgres_store.letters import LEASE, fresh, waiting
from tests.outbox.contract.arena import result
from tests.servers.daemon import wait_until
from tests.servers.postgresql import running_postgresql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from envoi.drivers.postgres_store import PostgresStore
    from envoi.drivers.postgres_store.blocking import BlockingLink
    from tests.servers.ports import PortPool

_END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'envoi%'
"""


def end_connections(url: str) -> None:
    """End every connection of a store, as an administrator or a restart does."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_END_OTHERS)
        while connection.execute(_END_OTHERS).fetchall():
            pass


def somebody_sleeps(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT FROM envoi_sleepers").fetchall() != []


@contextmanager
def after_statement(
    monkeypatch: pytest.MonkeyPatch, which: Callable[[str], bool], act: Callable[[], None]
) -> Iterator[list[str]]:
    """Do something once, right after the first statement that `which` tells was run."""
    from envoi.drivers.postgres_store.blocking import BlockingLink

    run, done = BlockingLink.run, list[str]()

    async def run_and_act(self: BlockingLink, statement: str, **values: Any) -> Any:
        rows = await run(self, statement, **values)
        if not done and which(statement):
            done.append(statement)
            act()
            if statement == "COMMIT":
                # The commit came through, and its answer did not.
                return await run(self, "SELECT 1")
        return rows

    with monkeypatch.context() as patch:
        patch.setattr(BlockingLink, "run", run_and_act)
        yield done
    assert done


def test_goes_on_after_its_idle_connections_were_ended(store: PostgresStore, url: str) -> None:
    run_sync(store.put([fresh()]))
    end_connections(url)
    run_sync(store.put([fresh()]))
    assert waiting(store) == 2


@pytest.mark.parametrize("when", ["WITH newcomers", "COMMIT"])
def test_puts_once_when_the_connection_is_ended_meanwhile(
    store: PostgresStore, url: str, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    run_sync(store.stats())
    letters = [fresh(key="order-1"), fresh()]
    with after_statement(monkeypatch, lambda sql: sql.strip().startswith(when), lambda: end_connections(url)):
        accepted = run_sync(store.put(letters))
    assert [(one.id, one.duplicate) for one in accepted] == [(one.id, False) for one in letters]
    assert waiting(store) == 2
    assert len(run_sync(store.claim("worker", 9, LEASE)).claims) == 2


@pytest.mark.parametrize("when", ["UPDATE envoi_queue", "COMMIT"])
def test_claims_once_when_the_connection_is_ended_meanwhile(
    store: PostgresStore, url: str, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    run_sync(store.put([fresh(), fresh()]))
    with after_statement(monkeypatch, lambda sql: sql.strip().startswith(when), lambda: end_connections(url)):
        claims = run_sync(store.claim("worker", 9, LEASE)).claims
    assert [claim.attempt for claim in claims] == [1, 1]
    assert run_sync(store.claim("another", 9, LEASE)).claims == ()
    assert run_sync(store.settle([result(claim, State.DELIVERED) for claim in claims])) == (True, True)


@pytest.mark.parametrize("when", ["WITH changed", "COMMIT"])
def test_settles_once_when_the_connection_is_ended_meanwhile(
    store: PostgresStore, url: str, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    run_sync(store.put([fresh(), fresh(), fresh()]))
    first, second, third = run_sync(store.claim("worker", 9, LEASE)).claims
    later = datetime.now(UTC) + timedelta(minutes=1)
    outcomes = [
        result(first, State.DELIVERED),
        result(second, State.DEFERRED, due_at=later),
        result(third, State.FAILED),
    ]
    with after_statement(monkeypatch, lambda sql: sql.strip().startswith(when), lambda: end_connections(url)):
        assert run_sync(store.settle(outcomes)) == (True, True, True)
    kinds = [event.kind for event in run_sync(store.events(0))]
    assert sorted(kinds) == ["deferred", "delivered", "failed", *["submitted"] * 3]
    stages = run_sync(store.stats()).stages
    assert (stages[Stage.DONE], stages[Stage.WAITING]) == (2, 1)


def test_two_workers_never_have_the_same_message(url: str) -> None:
    stores = [open_store(url) for _ in range(4)]
    run_sync(stores[0].put([fresh(account=f"account{n % 3}") for n in range(600)]))

    def work(number: int) -> list[str]:
        mine: list[str] = []
        while claims := run_sync(stores[number].claim(f"worker{number}", 7, LEASE)).claims:
            mine += [claim.id for claim in claims]
            run_sync(stores[number].settle([result(claim, State.DELIVERED) for claim in claims]))
        return mine

    with ThreadPoolExecutor(4) as threads:
        shares = list(threads.map(work, range(4)))
    claimed = [one for share in shares for one in share]
    assert len(claimed) == len(set(claimed)) == 600
    assert waiting(stores[0]) == 0
    for store in stores:
        run_sync(store.close())


def test_a_worker_that_was_taken_over_settles_nothing_but_a_delivery(store: PostgresStore) -> None:
    run_sync(store.put([fresh()]))
    (slow,) = run_sync(store.claim("slow", 1, 0.0)).claims
    assert run_sync(store.reap(LEASE)) == 1
    (quick,) = run_sync(store.claim("quick", 1, LEASE)).claims
    assert run_sync(store.settle([result(slow, State.FAILED)])) == (False,)
    assert run_sync(store.settle([result(slow, State.DELIVERED)])) == (False,)
    extended = run_sync(store.extend("quick", LEASE))
    assert extended.delivered == {quick.id: frozenset(quick.recipients)}


def test_holds_what_a_worker_left_behind_its_dot(store: PostgresStore) -> None:
    run_sync(store.declare([AccountRules(name="work", on_unknown=OnUnknown.HOLD)]))
    run_sync(store.put([fresh(), fresh()]))
    dotted, plain = run_sync(store.claim("worker", 9, 0.0)).claims
    assert run_sync(store.mark_dots([dotted])) == {dotted.id}
    assert run_sync(store.reap(LEASE)) == 2
    (held, again) = run_sync(store.status([dotted.id, plain.id]))
    assert (held.stage, again.stage) == (Stage.HELD, Stage.WAITING)


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_the_server_crashes(
    server_folder: Path, server_ports: PortPool, require_program: Callable[[str], Path]
) -> None:
    folder = server_folder / "crashing-outbox"
    folder.mkdir()
    programs = require_program("initdb").resolve().parent
    with running_postgresql(folder, programs, server_ports) as server:
        store = open_store(migrated(server.url()))
        acknowledged: list[str] = []
        for _ in range(3):
            crashed = threading.Event()

            def submit(crashed: threading.Event) -> None:
                while not crashed.is_set():
                    try:
                        acknowledged.extend(
                            one.id for one in run_sync(store.put([fresh() for _ in range(5)]))
                        )
                    except StoreUnavailable:
                        return

            submitters = [threading.Thread(target=submit, args=(crashed,)) for _ in range(3)]
            target = len(acknowledged) + 200
            for submitter in submitters:
                submitter.start()
            while len(acknowledged) < target:
                claims = run_sync(store.claim("worker", 20, LEASE)).claims
                run_sync(store.settle([result(claim, State.DELIVERED) for claim in claims]))
            server.crash()
            crashed.set()
            for submitter in submitters:
                submitter.join()
            server.start()
        there = {
            one.id
            for part in range(0, len(acknowledged), 500)
            for one in run_sync(store.status(acknowledged[part : part + 500]))
        }
        assert there == set(acknowledged)
        assert run_sync(store.check()) == ()
        run_sync(store.close())


_FULL = """
CREATE OR REPLACE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'could not extend file "base/1/2": No space left on device' USING ERRCODE = 'disk_full';
END $$;
CREATE TRIGGER disk_full BEFORE INSERT ON envoi_contents EXECUTE FUNCTION disk_full();
"""


def test_a_full_disk_takes_nothing_and_lets_go_on(store: PostgresStore, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_FULL)
        try:
            with pytest.raises(StoreUnavailable, match="No space left"):
                run_sync(store.put([fresh(key="order-1")]))
        finally:
            connection.execute("DROP TRIGGER disk_full ON envoi_contents")
    assert waiting(store) == 0
    (accepted,) = run_sync(store.put([fresh(key="order-1")]))
    assert not accepted.duplicate


def test_a_forked_process_leaves_the_connections_of_its_parent_alone(store: PostgresStore) -> None:
    run_sync(store.put([fresh()]))
    child = os.fork()
    if child == 0:
        try:
            run_sync(store.put([fresh()]))
            run_sync(store.close())
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert waiting(store) == 2


def test_one_store_serves_one_loop_after_the_other(url: str) -> None:
    store = open_store_async(url)

    async def scenario() -> None:
        await asyncio.gather(*(store.put([fresh()]) for _ in range(20)))

    asyncio.run(scenario())
    asyncio.run(scenario())
    assert asyncio.run(store.stats()).stages[Stage.WAITING] == 40
    asyncio.run(store.close())


def test_a_loop_goes_on_after_its_connections_were_ended(url: str) -> None:
    async def scenario() -> None:
        store = open_store_async(url)
        # Who claimed nothing knows of every change so far: only a ring or a lost connection ends this wait.
        assert not (await store.claim("worker", 9, LEASE)).claims
        waiting_for = asyncio.ensure_future(store.wait(30))
        assert await asyncio.to_thread(wait_until, lambda: somebody_sleeps(url), seconds=60)
        await asyncio.to_thread(end_connections, url)
        assert await waiting_for
        await store.put([fresh()])
        assert len((await store.claim("worker", 9, LEASE)).claims) == 1
        await store.close()

    asyncio.run(scenario())


def test_a_cancelled_call_leaves_nothing_behind(url: str) -> None:
    async def scenario() -> None:
        store = open_store_async(url)
        await store.declare([AccountRules(name="work")])
        await store.put([fresh()])
        with psycopg.connect(url) as other:
            other.execute("SELECT FROM envoi_accounts FOR UPDATE")
            claiming = asyncio.ensure_future(store.claim("worker", 1, LEASE))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(claiming, 0.2)
        assert len((await store.claim("worker", 1, LEASE)).claims) == 1
        await store.close()

    asyncio.run(scenario())


def test_a_closed_store_says_so(store: PostgresStore) -> None:
    run_sync(store.close())
    run_sync(store.close())
    with pytest.raises(StoreUnavailable, match="closed"):
        run_sync(store.stats())


def test_says_that_nobody_answers() -> None:
    store = open_store("postgresql://envoi:secret@127.0.0.1:1/nowhere")
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1") as refused:
        run_sync(store.stats())
    assert "secret" not in str(refused.value)


def test_events_of_one_transaction_follow_each_other(store: PostgresStore, url: str) -> None:
    letters = [fresh() for _ in range(3)]
    with psycopg.connect(url) as connection:
        run_sync(store.put(letters[:2], connection=connection))
        run_sync(store.put(letters[2:], connection=connection))
    events = run_sync(store.events(0))
    assert [event.id for event in events] == [one.id for one in letters]
    assert [event.position - events[0].position for event in events] == [0, 1, 2]
