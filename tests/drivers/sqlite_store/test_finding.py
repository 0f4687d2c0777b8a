"""Finding what waits, with no index in that order: among the newest first, then by sorting all of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from envoi.drivers.sqlite_store import finding, open_store
from envoi.outbox.model import Query, Stage
from envoi.session.run import run_sync
from tests.outbox.contract.arena import Clock, letter

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("newest", [0, 100, 200, 5000])
def test_however_far_it_looks_it_finds_the_same(
    tmp_path: Path, newest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "NEWEST", newest)
    store = open_store(tmp_path / "outbox.db", wall=Clock().now)
    letters = [letter(account="work" if number % 3 else "home") for number in range(400)]
    run_sync(store.put(letters))
    run_sync(store.cancel([one.id for number, one in enumerate(letters) if number % 7]))
    waiting = [one for number, one in enumerate(letters) if not number % 7][::-1]
    for account in (None, "work", "home"):
        expected = [one.id for one in waiting if account in (None, one.account)]
        query = Query(stage=Stage.WAITING, account=account)
        found, after = [], None
        while True:
            page = run_sync(store.find(query, after=after, most=10))
            found += [message.id for message in page.messages]
            after = page.after
            if after is None:
                break
        assert found == expected
    run_sync(store.close())


def test_events_of_what_was_purged_are_swept_round_by_round(tmp_path: Path) -> None:
    clock = Clock()
    path = tmp_path / "outbox.db"
    store = open_store(path, wall=clock.now)
    run_sync(store.put([letter()]))
    for _ in range(6):
        run_sync(store.cancel([one.id for one in run_sync(store.put([letter() for _ in range(20)]))]))
        clock.forward(60)
        run_sync(store.purge(clock.now(), 20))
    with closing(sqlite3.connect(path)) as connection, connection:
        (left,) = connection.execute("SELECT count(*) FROM envoi_event").fetchone()
    connection.close()
    assert left < 3 * 40
    run_sync(store.close())
