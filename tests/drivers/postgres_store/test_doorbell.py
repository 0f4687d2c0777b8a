"""The doorbell rings for those who sleep, once a commit, and is not needed to find mail."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import psycopg

from envoi.drivers.postgres_store import open_store
from envoi.session.run import run_sync
from tests.drivers.postgres_store.letters import LEASE, fresh

if TYPE_CHECKING:
    from envoi.drivers.postgres_store import PostgresStore

_ASLEEP = "INSERT INTO envoi_sleepers VALUES (gen_random_uuid(), clock_timestamp() + interval '1 minute')"


def rings(url: str, store: PostgresStore, *, asleep: bool) -> int:
    """How often it rings when five letters are put in two commits."""
    with psycopg.connect(url, autocommit=True) as ear:
        if asleep:
            ear.execute(_ASLEEP)
        ear.execute("LISTEN envoi")
        run_sync(store.put([fresh() for _ in range(4)]))
        run_sync(store.put([fresh()]))
        # Who rings is heard in the order of the commits, and this one is the last.
        ear.execute("NOTIFY envoi, 'over'")
        heard = [ring.payload for ring in ear.notifies(timeout=30, stop_after=1)]
        while heard[-1] != "over":
            heard += [ring.payload for ring in ear.notifies(timeout=30, stop_after=1)]
        return len(heard) - 1


def test_rings_once_a_commit_while_somebody_sleeps(store: PostgresStore, url: str) -> None:
    assert rings(url, store, asleep=True) == 2


def test_does_not_ring_while_nobody_sleeps(store: PostgresStore, url: str) -> None:
    assert rings(url, store, asleep=False) == 0


def test_mail_is_found_without_listening(store: PostgresStore, url: str) -> None:
    deaf = open_store(url, listen=False)
    assert run_sync(deaf.claim("worker", 1, LEASE)).claims == ()
    assert not run_sync(deaf.wait(0.05))
    putting = threading.Timer(0.05, lambda: run_sync(store.put([fresh()])))
    putting.start()
    assert run_sync(deaf.wait(30))
    putting.join()
    run_sync(deaf.close())


def test_nobody_is_left_in_the_list_of_sleepers(store: PostgresStore, url: str) -> None:
    run_sync(store.wait(0.05))
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT FROM envoi_sleepers").fetchall() == []
