"""Tables are made once, whoever begins; other versions are told apart, and a restored dump goes on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

from envoi.drivers.postgres_store import open_store, schema
from envoi.drivers.postgres_store.schema import Step, steps
from envoi.errors import SchemaMismatch
from envoi.session.run import run_sync
from tests.drivers.postgres_store.letters import fresh, waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.drivers.postgres_store import PostgresStore

NAMES = tuple(step.name for step in steps())


@pytest.fixture
def untouched(postgresql_database: str) -> Iterator[PostgresStore]:
    store = open_store(postgresql_database)
    yield store
    run_sync(store.close())


def a_later_release(monkeypatch: pytest.MonkeyPatch, *, oldest: int) -> None:
    """Let the code know one step more, which code up to `oldest` can live with."""
    number = steps()[-1].number + 1
    later = Step(
        number=number,
        name=f"{number:04}_later",
        oldest=oldest,
        script="ALTER TABLE envoi_queue ADD COLUMN later text",
    )
    known = (*steps(), later)
    monkeypatch.setattr(schema, "steps", lambda: known)


def test_says_what_it_would_do_and_does_it(untouched: PostgresStore) -> None:
    assert run_sync(untouched.migrate(dry_run=True)) == NAMES
    with pytest.raises(SchemaMismatch, match="envoi outbox migrate"):
        run_sync(untouched.put([fresh()]))
    assert run_sync(untouched.check()) != ()
    assert run_sync(untouched.migrate()) == NAMES
    assert run_sync(untouched.migrate()) == ()
    run_sync(untouched.put([fresh()]))
    assert run_sync(untouched.check()) == ()


def test_two_migrate_at_once(postgresql_database: str) -> None:
    stores = [open_store(postgresql_database) for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        done = list(threads.map(lambda store: run_sync(store.migrate()), stores))
    assert sorted(done) == [(), (), NAMES]
    for store in stores:
        run_sync(store.close())


def test_workers_of_the_release_before_finish_their_day(
    untouched: PostgresStore, postgresql_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_sync(untouched.migrate())
    run_sync(untouched.put([fresh()]))
    with monkeypatch.context() as patch:
        a_later_release(patch, oldest=steps()[-1].number)
        newer = open_store(postgresql_database)
        with pytest.raises(SchemaMismatch, match="envoi outbox migrate"):
            run_sync(newer.stats())
        run_sync(newer.migrate())
        run_sync(newer.put([fresh()]))
        run_sync(newer.close())
    before = open_store(postgresql_database)
    assert len(run_sync(before.claim("worker", 9, 60)).claims) == 2
    run_sync(before.close())


def test_a_schema_that_is_too_new_is_refused(
    untouched: PostgresStore, postgresql_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        a_later_release(patch, oldest=steps()[-1].number + 1)
        newer = open_store(postgresql_database)
        run_sync(newer.migrate())
        run_sync(newer.close())
    with pytest.raises(SchemaMismatch, match="upgrade it"):
        run_sync(untouched.stats())
    for dry_run in (True, False):
        with pytest.raises(SchemaMismatch, match="upgrade it"):
            run_sync(untouched.migrate(dry_run=dry_run))


def test_events_go_on_where_transactions_are_counted_anew(store: PostgresStore, url: str) -> None:
    run_sync(store.put([fresh()]))
    (before,) = run_sync(store.events(0))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE envoi_events SET position = position + (1::bigint << 50)")
    assert "restored from a dump" in " ".join(run_sync(store.check()))
    assert run_sync(store.migrate()) == ("positions after a restore",)
    assert run_sync(store.check()) == ()
    run_sync(store.put([fresh()]))
    assert waiting(store) == 2
    (newer,) = run_sync(store.events(before.position + (1 << 50)))
    assert newer.kind == "submitted"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE OR REPLACE FUNCTION envoi_epoch() RETURNS bigint LANGUAGE sql STABLE"
            " AS 'SELECT 0::bigint'"
        )
        connection.execute("UPDATE envoi_fold SET folded_to = 0, raised = 0")
