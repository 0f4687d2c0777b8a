"""Looking: status, lists, figures and events are what was written, in order, a page at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from envoi.outbox.model import Query, Stage, State
from tests.outbox.contract.arena import LEASE, NOON, Arena, letter, result, settled

PAIR = ("a@example.org", "b@example.org")


async def found(arena: Arena, **query: Any) -> list[str]:
    page = await arena.store.find(Query(**query))
    assert page.after is None
    return [message.id for message in page.messages]


async def test_unknown_messages_are_left_out(arena: Arena) -> None:
    message = await arena.put()
    statuses = await arena.store.status(["0" * 32, message, "no id", ""])
    assert [status.id for status in statuses] == [message]


async def test_the_newest_come_first_a_page_at_a_time(arena: Arena) -> None:
    messages = [one.id for one in await arena.store.put([letter() for _ in range(25)])]
    listed, after = [], None
    for size in (10, 10, 5):
        page = await arena.store.find(Query(), after=after, most=10)
        assert len(page.messages) == size
        listed += [message.id for message in page.messages]
        after = page.after
    assert after is None
    assert listed == messages[::-1]


async def test_a_page_that_is_just_full_is_the_last(arena: Arena) -> None:
    await arena.store.put([letter() for _ in range(10)])
    assert (await arena.store.find(Query(), most=10)).after is None


async def test_paging_is_not_confused_by_what_comes_meanwhile(arena: Arena) -> None:
    messages = [one.id for one in await arena.store.put([letter() for _ in range(6)])]
    first = await arena.store.find(Query(account="work"), most=3)
    await arena.put()
    second = await arena.store.find(Query(account="work"), after=first.after, most=10)
    assert [one.id for one in (*first.messages, *second.messages)] == messages[::-1]


async def test_a_list_shows_what_status_shows(arena: Arena) -> None:
    message = await arena.put(recipients=PAIR)
    assert (await arena.store.find(Query())).messages == await arena.store.status([message])


async def test_finds_by_what_a_message_is(arena: Arena) -> None:
    old = await arena.put(account="home", created_at=NOON - timedelta(hours=1), key="old")
    new = await arena.put(recipients=("Zoe@Example.org", "b@example.org"), message_id="<new@example.com>")
    assert await found(arena) == [new, old]
    assert await found(arena, account="home") == [old]
    assert await found(arena, account="nobody") == []
    assert await found(arena, key="old") == [old]
    assert await found(arena, recipient="zoe@example.org") == [new]
    assert await found(arena, message_id="<new@example.com>") == [new]
    assert await found(arena, since=NOON) == [new]
    assert await found(arena, before=NOON) == [old]
    assert await found(arena, recipient="b@example.org", account="home") == []


async def test_finds_by_where_a_message_stands(arena: Arena) -> None:
    waiting, claimed, held, done = [await arena.put() for _ in range(4)]
    await arena.store.hold([held])
    (claim,) = (await arena.store.claim_these("worker", [done], LEASE)).claims
    await arena.store.settle([result(claim, State.FAILED)])
    await arena.store.claim_these("worker", [claimed], LEASE)
    assert await found(arena, stage=Stage.WAITING) == [waiting]
    assert await found(arena, stage=Stage.CLAIMED) == [claimed]
    assert await found(arena, stage=Stage.HELD) == [held]
    assert await found(arena, stage=Stage.DONE) == [done]
    assert await found(arena, stage=Stage.DONE, account="work") == [done]
    assert await found(arena, stage=Stage.DONE, account="home") == []
    assert await found(arena, state=State.FAILED) == [done]
    assert await found(arena, state=State.PENDING) == [held, claimed, waiting]
    assert await found(arena, state=State.PENDING, stage=Stage.HELD) == [held]
    assert await found(arena, state=State.FAILED, stage=Stage.WAITING) == []


async def test_few_that_wait_are_found_behind_many_that_do_not(arena: Arena) -> None:
    first, second = await arena.put(), await arena.put(account="home")
    await arena.store.put([letter() for _ in range(120)])
    others = [one.id for one in (await arena.store.find(Query(), most=120)).messages]
    await arena.store.cancel(others)
    assert await found(arena, stage=Stage.WAITING) == [second, first]
    assert await found(arena, stage=Stage.WAITING, account="work") == [first]
    assert await found(arena, account="home") == [second]
    assert await found(arena, state=State.PENDING) == [second, first]


async def test_a_message_is_listed_once_however_many_recipients_match(arena: Arena) -> None:
    message = await arena.put(recipients=tuple(f"r{number}@example.org" for number in range(250)))
    claim = await arena.claim_one()
    await arena.store.settle([result(claim, State.FAILED)])
    assert await found(arena, state=State.FAILED) == [message]
    assert await found(arena, state=State.PENDING) == [message]


async def test_figures_of_an_empty_store_are_nothing(arena: Arena) -> None:
    stats = await arena.store.stats()
    assert dict(stats.stages) == dict.fromkeys(Stage, 0)
    assert (dict(stats.accounts), stats.due, stats.oldest_due_at, dict(stats.settled)) == ({}, 0, None, {})


async def test_figures_follow_what_happens(arena: Arena) -> None:
    messages = [await arena.put(account=name) for name in ("a", "a", "b", "b", "c")]
    await arena.store.hold(messages[4:])
    claims = (await arena.store.claim("worker", 2, LEASE)).claims
    await arena.store.settle([result(claims[0], State.DELIVERED)])
    stats = await arena.store.stats()
    expected = {Stage.WAITING: 2, Stage.CLAIMED: 1, Stage.HELD: 1, Stage.DONE: 1}
    assert dict(stats.stages) == expected
    assert dict(stats.accounts) == {"b": 2}
    assert (stats.due, stats.oldest_due_at) == (2, NOON)
    assert dict(stats.settled) == {State.DELIVERED: 1}
    await arena.store.settle([result(claims[1], State.DEFERRED, due_at=NOON + timedelta(seconds=3))])
    stats = await arena.store.stats()
    assert dict(stats.accounts) == {"a": 1, "b": 2}
    assert dict(stats.settled) == {State.DELIVERED: 1}


@pytest.mark.parametrize("seconds", [0, 1, 9, 10, 11, 86400])
async def test_what_is_due_is_counted_to_the_moment(arena: Arena, seconds: int) -> None:
    moments = [NOON + timedelta(seconds=seconds, microseconds=offset) for offset in (-1, 0, 1)]
    await arena.store.put([letter(due_at=moment) for moment in moments])
    arena.clock.forward(seconds)
    stats = await arena.store.stats()
    assert (stats.due, stats.oldest_due_at) == (2, moments[0])
    await arena.store.reschedule([(await arena.store.find(Query())).messages[2].id], NOON + timedelta(days=9))
    assert (await arena.store.stats()).due == 1


async def test_nothing_is_due_before_its_time(arena: Arena) -> None:
    await arena.put(due_at=NOON + timedelta(hours=1))
    stats = await arena.store.stats()
    assert (stats.stages[Stage.WAITING], stats.due, stats.oldest_due_at) == (1, 0, None)


async def test_settled_recipients_are_counted_for_ever(arena: Arena) -> None:
    await arena.put(recipients=(*PAIR, "c@example.org"), refused={"c@example.org": "suppressed"})
    states = {PAIR[0]: State.DELIVERED, PAIR[1]: State.FAILED}
    await arena.store.settle([settled(await arena.claim_one(), states)])
    arena.clock.forward(60)
    assert await arena.store.purge(await arena.store.now()) == 1
    assert dict((await arena.store.stats()).settled) == {State.DELIVERED: 1, State.FAILED: 2}


async def test_events_are_in_order_and_go_on_after_a_position(arena: Arena) -> None:
    messages = [await arena.put(recipients=PAIR) for _ in range(3)]
    await arena.store.cancel(messages[:1])
    events = await arena.store.events(0)
    assert [event.kind for event in events] == ["submitted"] * 3 + ["cancelled"] * 2
    assert [event.id for event in events] == [*messages, messages[0], messages[0]]
    assert [event.recipient for event in events[3:]] == list(PAIR)
    positions = [event.position for event in events]
    assert positions == sorted(set(positions))
    assert await arena.store.events(positions[2]) == events[3:]
    assert await arena.store.events(positions[0], most=2) == events[1:3]
    assert await arena.store.events(positions[-1]) == ()
    assert {event.at for event in events} == {NOON}


async def test_the_newest_event_tells_where_to_begin(arena: Arena) -> None:
    assert await arena.store.events(None) == ()
    for _ in range(3):
        await arena.put()
    (newest,) = await arena.store.events(None)
    assert newest == (await arena.store.events(0))[-1]


async def test_events_of_the_living_outlast_many_purges(arena: Arena) -> None:
    kept = await arena.put()
    for _ in range(5):
        done = [await arena.put() for _ in range(3)]
        await arena.store.cancel(done)
        arena.clock.forward(60)
        assert await arena.store.purge(await arena.store.now(), 2) == 2
        assert await arena.store.purge(await arena.store.now(), 2) == 1
        assert [event.id for event in await arena.store.events(0)] == [kept]
        assert [event.id for event in await arena.store.events(None)] == [kept]


async def test_nothing_that_follows_a_purge_is_missed(arena: Arena) -> None:
    message = await arena.put()
    await arena.store.cancel([message])
    position = (await arena.store.events(0))[-1].position
    arena.clock.forward(60)
    await arena.store.purge(await arena.store.now())
    assert await arena.store.events(0) == ()
    following = await arena.put()
    assert [event.id for event in await arena.store.events(position)] == [following]
