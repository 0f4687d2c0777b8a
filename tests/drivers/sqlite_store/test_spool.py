"""Large contents: files that come before their rows, go after them, and are swept when nobody names them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from envoi.drivers.sqlite_store import open_store
from envoi.drivers.sqlite_store.spool import Spool
from envoi.errors import StoreUnavailable, UsageError
from envoi.outbox.model import Blob, State
from envoi.session.run import run_sync
from tests.outbox.contract.arena import LEASE, NOON, Clock, letter, result

if TYPE_CHECKING:
    from pathlib import Path

    from envoi.drivers.sqlite_store import SQLiteStore

LARGE = b"x" * 300_000
HOUR = 3600.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> SQLiteStore:
    return open_store(tmp_path / "outbox.db", wall=clock.now, steady=clock.steady)


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "outbox.db.d" / "spool").iterdir())


def age(path: Path, seconds: float) -> None:
    moment = NOON.timestamp() - seconds
    os.utime(path, (moment, moment))


def test_a_large_content_is_a_file_and_a_small_one_is_not(store: SQLiteStore, tmp_path: Path) -> None:
    run_sync(store.put([letter(content=b"x" * (256 * 1024 - 1))]))
    assert files(tmp_path) == []
    run_sync(store.put([letter(content=b"x" * 256 * 1024)]))
    (file,) = files(tmp_path)
    assert file.read_bytes() == b"x" * 256 * 1024
    run_sync(store.close())


def test_the_file_goes_with_the_settlement(store: SQLiteStore, tmp_path: Path) -> None:
    run_sync(store.put([letter(content=LARGE)]))
    (claim,) = run_sync(store.claim("worker", 1, LEASE)).claims
    content = run_sync(store.content(claim))
    assert (content.octets, content.path, content.temporary) == (None, files(tmp_path)[0], False)
    run_sync(store.settle([result(claim, State.DELIVERED)]))
    assert files(tmp_path) == []
    run_sync(store.close())


def test_a_file_goes_with_the_last_message_that_names_it(store: SQLiteStore, tmp_path: Path) -> None:
    run_sync(store.stats())
    blob = Spool(tmp_path / "outbox.db.d" / "spool").write(LARGE)
    first, second = run_sync(store.put([letter(content=blob), letter(content=blob)]))
    run_sync(store.cancel([first.id]))
    assert len(files(tmp_path)) == 1
    run_sync(store.cancel([second.id]))
    assert files(tmp_path) == []
    run_sync(store.close())


def test_what_nobody_names_is_swept_when_it_was_watched_for_an_hour(
    store: SQLiteStore, clock: Clock, tmp_path: Path
) -> None:
    run_sync(store.put([letter(content=LARGE)]))
    (named,) = files(tmp_path)
    spool = Spool(named.parent)
    named.with_name(spool.write(LARGE).name)
    unfinished = named.with_name("0" * 32 + ".new")
    unfinished.write_bytes(b"half")
    run_sync(store.reap(LEASE))
    clock.forward(HOUR - 1)
    recent = named.with_name(spool.write(LARGE).name)
    run_sync(store.reap(LEASE))
    assert len(files(tmp_path)) == 4
    # Not looked for at every turn.
    clock.forward(2)
    run_sync(store.reap(LEASE))
    assert len(files(tmp_path)) == 4
    clock.forward(601)
    run_sync(store.reap(LEASE))
    assert files(tmp_path) == sorted([named, recent])
    run_sync(store.close())


def test_a_clock_set_forward_sweeps_nothing(store: SQLiteStore, clock: Clock, tmp_path: Path) -> None:
    run_sync(store.put([letter(content=LARGE)]))
    (named,) = files(tmp_path)
    about_to_be_named = named.with_name(Spool(named.parent).write(LARGE).name)
    age(about_to_be_named, 2 * HOUR)
    run_sync(store.reap(LEASE))
    clock.jump(86_400)
    clock.forward(601)
    run_sync(store.reap(LEASE))
    assert files(tmp_path) == sorted([named, about_to_be_named])
    run_sync(store.close())


def test_a_put_spares_what_it_names(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    blob = spool.write(LARGE)
    age(tmp_path / blob.name, 2 * HOUR)
    assert spool.sweep(lambda _: False, 0) == 0
    spool.spare(blob.name)
    assert spool.sweep(lambda _: False, HOUR + 1) == 0
    assert spool.sweep(lambda _: False, 2 * HOUR + 2) == 1


@pytest.mark.parametrize("name", ["../outbox.db", "", "0" * 31, "0" * 33, "0" * 31 + "/", "0" * 32 + "\n"])
def test_no_name_leads_out_of_the_folder(store: SQLiteStore, name: str) -> None:
    with pytest.raises(UsageError, match="not a name"):
        run_sync(store.put([letter(content=Blob(name=name, size=1))]))
    run_sync(store.close())


def test_what_is_abandoned_leaves_nothing(tmp_path: Path) -> None:
    file = Spool(tmp_path).begin()
    file.write(LARGE)
    file.abandon()
    file.abandon()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_makes_the_store_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="nothing was accepted"):
        Spool(tmp_path / "missing").write(LARGE)


def test_removing_twice_is_no_error(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    blob = spool.write(LARGE)
    spool.remove([blob.name, blob.name])
    assert list(tmp_path.iterdir()) == []
