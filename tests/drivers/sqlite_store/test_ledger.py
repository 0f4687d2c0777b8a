"""What follows from messages that were put, posted later: nobody sees the difference, nor that it is new."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from envoi.drivers.identity import uuid7
from envoi.drivers.sqlite_store import open_store, schema
from envoi.drivers.sqlite_store.instants import micros
from envoi.outbox.model import Query, Stage, State
from envoi.session.run import run_sync
from tests.outbox.contract.arena import HELLO, LEASE, NOON, Clock, letter, result

if TYPE_CHECKING:
    from pathlib import Path

    from envoi.drivers.sqlite_store import SQLiteStore

PAIR = ("Buyer@example.org", "seller@example.org")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def opened(path: Path) -> SQLiteStore:
    return open_store(path, wall=Clock().now)


def one(path: Path, query: str) -> Any:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchone()[0]


def seen(store: SQLiteStore) -> list[Any]:
    """Everything that can be seen of a store's messages."""
    queries = [
        Query(recipient="buyer@EXAMPLE.org"),
        Query(recipient="buyer"),
        Query(message_id="<third@example.com>"),
        Query(state=State.PENDING),
        Query(state=State.FAILED),
        Query(stage=Stage.WAITING),
        Query(stage=Stage.DONE),
        Query(account="home"),
        Query(stage=Stage.WAITING, account="home"),
        Query(key="order-42"),
    ]
    found = [run_sync(store.find(query)) for query in queries]
    rules = [rules.name for rules, _ in run_sync(store.accounts())]
    return [*found, rules, run_sync(store.stats()), run_sync(store.events(0)), run_sync(store.check())]


def put_some(store: SQLiteStore) -> None:
    refused = {"seller@example.org": "suppressed"}
    run_sync(
        store.put(
            [
                letter(recipients=PAIR),
                letter(account="home", key="order-42"),
                letter(message_id="<third@example.com>"),
                letter(recipients=[f"buyer{number}@example.org" for number in range(50)]),
                letter(recipients=PAIR, refused=refused),
            ]
        )
    )


def test_what_is_not_posted_yet_is_seen_all_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened(path)
    monkeypatch.setattr("envoi.drivers.sqlite_store.accepting.post", lambda _: None)
    put_some(store)
    assert one(path, "SELECT count(*) FROM envoi_word") == 0
    before = seen(store)
    run_sync(store.cancel([]))  # whatever changes messages posts first
    assert one(path, "SELECT count(*) FROM envoi_word") > 50
    assert seen(store) == before
    assert [len(page.messages) for page in before[:10]] == [4, 0, 1, 5, 1, 5, 0, 1, 1, 1]
    run_sync(store.close())


def test_many_puts_post_from_time_to_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("envoi.drivers.sqlite_store.accepting.POST_AFTER", 10)
    store = opened(path)
    for _ in range(25):
        run_sync(store.put([letter()]))
    assert one(path, "SELECT count(DISTINCT message) FROM envoi_word") == 20
    assert run_sync(store.stats()).stages[Stage.WAITING] == 25
    run_sync(store.close())


def test_what_is_purged_leaves_nothing_behind(path: Path) -> None:
    clock = Clock()
    store = open_store(path, wall=clock.now)
    put_some(store)
    while claims := run_sync(store.claim("worker", 10, LEASE)).claims:
        run_sync(store.settle([result(claim, State.DELIVERED) for claim in claims]))
    clock.forward(60)
    assert run_sync(store.purge(clock.now())) == 5
    for table in ("message", "recipient", "word", "arrival"):
        assert one(path, f"SELECT count(*) FROM envoi_{table}") == 0
    assert run_sync(store.check()) == ()
    run_sync(store.close())


def test_positions_ascend_whatever_is_deleted(path: Path) -> None:
    clock = Clock()
    store = open_store(path, wall=clock.now)
    newest = 0
    for _ in range(3):
        run_sync(store.put([letter(), letter()]))
        claims = run_sync(store.claim("worker", 10, LEASE)).claims
        run_sync(store.settle([result(claim, State.DELIVERED) for claim in claims]))
        positions = [event.position for event in run_sync(store.events(newest))]
        assert positions == sorted(set(positions))
        assert len(positions) == 4
        newest = positions[-1]
        clock.forward(60)
        run_sync(store.purge(clock.now()))
    run_sync(store.close())


def test_tables_of_the_first_version_are_brought_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting, done = uuid7(), uuid7()
    with monkeypatch.context() as patched:
        first = schema.steps()[:1]
        patched.setattr(schema, "steps", lambda: first)
        run_sync(opened(path).migrate())
    with closing(sqlite3.connect(path)) as connection, connection:
        for position, (message, stage, state) in enumerate(
            [(waiting, "waiting", "pending"), (done, "done", "delivered")]
        ):
            content = 7 if stage == "waiting" else None
            connection.execute(
                "INSERT INTO envoi_message (id, account, stage, priority, due_at, created_at, expires_at, "
                "sender, message_id, subject, key, size, options, content) "
                "VALUES (?, 'work', ?, 5, ?, ?, ?, '', ?, '', '', ?, '{}', ?)",
                (
                    bytes.fromhex(message),
                    stage,
                    *[micros(NOON)] * 3,
                    f"<{position}@example.com>",
                    len(HELLO),
                    content,
                ),
            )
            connection.execute(
                "INSERT INTO envoi_recipient (message, position, address, state, due_at) "
                "VALUES (?, 0, ?, ?, ?)",
                (bytes.fromhex(message), "Buyer@example.org", state, micros(NOON) if content else None),
            )
            connection.execute(
                "INSERT INTO envoi_event (at, kind, message, recipient, text) "
                "VALUES (?, 'submitted', ?, '', '')",
                (micros(NOON), bytes.fromhex(message)),
            )
        connection.execute("INSERT INTO envoi_content (number, octets) VALUES (7, ?)", (HELLO,))
    store = opened(path)
    assert run_sync(store.migrate()) == tuple(step.name for step in schema.steps()[1:])
    assert run_sync(store.check()) == ()
    assert run_sync(store.read(waiting)).octets == HELLO
    for query in (Query(recipient="buyer@example.org"), Query()):
        assert [one.id for one in run_sync(store.find(query)).messages] == [done, waiting]
    assert [one.id for one in run_sync(store.find(Query(message_id="<0@example.com>"))).messages] == [waiting]
    fresh = letter()
    run_sync(store.put([fresh]))
    claims = run_sync(store.claim("worker", 10, LEASE)).claims
    assert [claim.id for claim in claims] == [waiting, fresh.id]
    assert claims[0].content == HELLO
    assert run_sync(store.settle([result(claim, State.DELIVERED) for claim in claims])) == (
        True,
        True,
    )
    events = run_sync(store.events(0))
    assert [(event.kind, event.id) for event in events] == [
        ("submitted", waiting),
        ("submitted", done),
        ("submitted", fresh.id),
        ("delivered", waiting),
        ("delivered", fresh.id),
    ]
    assert run_sync(store.stats()).stages[Stage.DONE] == 3
    run_sync(store.close())


def test_the_position_of_the_newest_is_not_given_away_again(path: Path) -> None:
    store = opened(path)
    run_sync(store.put([letter(recipients=())]))
    (event,) = run_sync(store.events(None))
    run_sync(store.purge(NOON.replace(year=2030)))
    run_sync(store.put([letter()]))
    assert run_sync(store.events(None))[0].position > event.position
    run_sync(store.close())
