"""Who is dead is known at once; who lives keeps its claims whatever the clock on the wall says."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envoi.drivers.sqlite_store import open_store
from envoi.drivers.sqlite_store.liveness import Owners, Watch
from envoi.outbox.model import Stage, State
from envoi.session.run import run_sync
from tests.outbox.contract.arena import LEASE, Clock, letter, result, rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.drivers.sqlite_store import SQLiteStore

ROOT = Path(__file__).resolve().parents[3]
HOLDER = """
import sys
from envoi.drivers.sqlite_store import open_store
from envoi.session.run import run_sync
from tests.outbox.contract.arena import LEASE, NOON, result
from envoi.outbox.model import State
store = open_store(sys.argv[1], wall=lambda: NOON)
run_sync(store.connections("dead", "work", 3, LEASE))
(claim,) = run_sync(store.claim("dead", 1, LEASE)).claims
print(claim.id, flush=True)
sys.stdin.readline()
print(*run_sync(store.settle([result(claim, State.FAILED)])), flush=True)
run_sync(store.close())
"""


class Holder:
    """Another process with a claim and three connections."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.claimed = self.process.stdout.readline().strip()

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        self.process.send_signal(how)
        self.process.communicate()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[SQLiteStore]:
    store = open_store(tmp_path / "outbox.db", wall=clock.now, steady=clock.steady)
    yield store
    run_sync(store.close())


def test_what_a_dead_process_held_is_free_at_once(store: SQLiteStore, tmp_path: Path) -> None:
    run_sync(store.declare([rules(connections=3)]))
    run_sync(store.put([letter()]))
    holder = Holder(tmp_path / "outbox.db")
    assert run_sync(store.reap(LEASE)) == 0
    assert run_sync(store.connections("next", "work", 3, LEASE)) == 0
    holder.end()
    assert run_sync(store.reap(LEASE)) == 1
    assert run_sync(store.connections("next", "work", 3, LEASE)) == 3
    (claim,) = run_sync(store.claim("next", 1, LEASE)).claims
    assert (claim.id, claim.attempt) == (holder.claimed, 2)
    # Nothing is left of the dead.
    assert len(list((tmp_path / "outbox.db.d" / "owners").iterdir())) == 1


def test_a_stopped_process_loses_its_lease_and_its_outcome_comes_too_late(
    store: SQLiteStore, clock: Clock, tmp_path: Path
) -> None:
    run_sync(store.put([letter()]))
    holder = Holder(tmp_path / "outbox.db")
    holder.process.send_signal(signal.SIGSTOP)
    assert run_sync(store.reap(LEASE)) == 0
    clock.forward(LEASE + 1)
    assert run_sync(store.reap(LEASE)) == 1
    (claim,) = run_sync(store.claim("next", 1, LEASE)).claims
    assert claim.id == holder.claimed
    holder.process.send_signal(signal.SIGCONT)
    answer, _ = holder.process.communicate("go on\n")
    assert answer.strip() == "False"
    assert run_sync(store.settle([result(claim, State.DELIVERED)])) == (True,)


@pytest.mark.parametrize("jump", [3600, 86400 * 365])
def test_a_clock_set_forward_takes_nothing_from_the_living(
    store: SQLiteStore, clock: Clock, jump: float
) -> None:
    run_sync(store.put([letter()]))
    run_sync(store.claim("worker", 1, LEASE))
    for _ in range(5):
        clock.jump(jump)
        assert run_sync(store.reap(LEASE)) == 0
        clock.forward(20)
        assert len(run_sync(store.extend("worker", LEASE)).mine) == 1
    assert run_sync(store.stats()).stages[Stage.CLAIMED] == 1


def test_a_clock_set_back_takes_nothing_from_the_living_and_keeps_order(
    store: SQLiteStore, clock: Clock
) -> None:
    run_sync(store.put([letter()]))
    run_sync(store.claim("worker", 1, LEASE))
    clock.jump(-3600)
    for _ in range(5):
        clock.forward(20)
        assert run_sync(store.reap(LEASE)) == 0
        assert len(run_sync(store.extend("worker", LEASE)).mine) == 1
    position = run_sync(store.events(None))[0].position
    run_sync(store.put([letter()]))
    (event,) = run_sync(store.events(position))
    assert event.kind == "submitted"


def test_a_claim_is_not_over_before_it_was_watched_for_a_lease(store: SQLiteStore, clock: Clock) -> None:
    run_sync(store.put([letter()]))
    run_sync(store.claim("worker", 1, LEASE))
    clock.forward(10 * LEASE)
    assert run_sync(store.reap(LEASE)) == 0
    clock.forward(LEASE)
    assert run_sync(store.reap(LEASE)) == 1


def test_closing_gives_back_what_was_held(store: SQLiteStore, clock: Clock, tmp_path: Path) -> None:
    run_sync(store.put([letter()]))
    other = open_store(tmp_path / "outbox.db", wall=clock.now, steady=clock.steady)
    run_sync(other.claim("other", 1, LEASE))
    assert run_sync(store.reap(LEASE)) == 0
    run_sync(other.close())
    assert run_sync(store.reap(LEASE)) == 1


def test_an_owner_may_have_any_name(tmp_path: Path) -> None:
    owners, others = Owners(tmp_path), Owners(tmp_path)
    for name in ("host:42:7", "../../etc/passwd", "ö" * 500, "\ud800"):
        owners.live(name)
        owners.live(name)
        assert not others.seize(name)
    owners.close()
    assert others.seize("host:42:7")
    others.bury("host:42:7")
    assert not others.seize("host:42:7")


def test_an_owner_that_was_never_here_is_not_dead(tmp_path: Path) -> None:
    assert not Owners(tmp_path).seize("on another machine")


def test_a_place_that_is_looked_at_can_be_taken_afterwards(tmp_path: Path) -> None:
    owners, others = Owners(tmp_path), Owners(tmp_path)
    owners.live("worker")
    owners.close()
    assert others.seize("worker")
    owners.live("worker")
    others.let_go("worker")
    owners.live("worker")
    assert not others.seize("worker")
    owners.close()


def test_files_of_the_dead_are_cleaned_away(tmp_path: Path) -> None:
    owners, others = Owners(tmp_path), Owners(tmp_path)
    for name in ("living", "dead", "dead with claims"):
        (others if name == "living" else owners).live(name)
    owners.close()
    others.clean(["dead with claims"])
    assert len(list(tmp_path.iterdir())) == 2
    others.close()


def test_a_watch_begins_anew_with_every_change() -> None:
    clock = Clock()
    watch = Watch(clock.steady)
    claim = (b"id", 1, 100)
    assert watch.unchanged([claim], 10) == []
    clock.forward(9)
    assert watch.unchanged([claim], 10) == []
    clock.forward(1)
    assert watch.unchanged([claim], 10) == [claim]
    assert watch.unchanged([(b"id", 1, 200)], 10) == []
