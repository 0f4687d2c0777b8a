"""Steering: cancel, retry, reschedule, hold and release, in every stage."""

from __future__ import annotations

from datetime import timedelta

import pytest

from envoi.errors import OutboxError
from envoi.outbox.model import Stage, State
from tests.outbox.contract.arena import LATER, LEASE, NOON, Arena, letter, result, settled

PAIR = ("a@example.org", "b@example.org")
NEXT_WEEK = NOON + timedelta(days=7)
GONE = "0" * 32


async def test_what_nobody_has_is_cancelled_at_once(arena: Arena) -> None:
    message = await arena.put()
    assert await arena.store.cancel([message, GONE, "no id"]) == {message}
    assert (await arena.look(message)).stage is Stage.DONE
    assert await arena.states(message) == {"buyer@example.org": State.CANCELLED}
    assert await arena.kinds(message) == ["submitted", "cancelled"]
    assert (await arena.store.claim("worker", 1, LEASE)).claims == ()
    with pytest.raises(OutboxError):
        await arena.store.read(message)


async def test_what_is_done_cannot_be_cancelled(arena: Arena) -> None:
    message = await arena.put()
    await arena.store.settle([result(await arena.claim_one(), State.DELIVERED)])
    assert await arena.store.cancel([message]) == frozenset()
    assert await arena.states(message) == {"buyer@example.org": State.DELIVERED}


async def test_only_open_recipients_are_cancelled(arena: Arena) -> None:
    message = await arena.put(recipients=PAIR)
    states = {PAIR[0]: State.DELIVERED, PAIR[1]: State.DEFERRED}
    await arena.store.settle([settled(await arena.claim_one(), states, due_at=NEXT_WEEK)])
    assert await arena.store.cancel([message]) == {message}
    assert await arena.states(message) == {PAIR[0]: State.DELIVERED, PAIR[1]: State.CANCELLED}


async def test_what_a_person_holds_can_be_cancelled(arena: Arena) -> None:
    message = await arena.put()
    await arena.store.hold([message])
    assert await arena.store.cancel([message]) == {message}
    assert (await arena.look(message)).stage is Stage.DONE


async def test_what_is_unknown_can_be_cancelled(arena: Arena) -> None:
    message = await arena.put(recipients=PAIR)
    states = {PAIR[0]: State.DELIVERED, PAIR[1]: State.UNKNOWN}
    await arena.store.settle([settled(await arena.claim_one(), states, text="silence")])
    assert await arena.store.cancel([message]) == {message}
    assert (await arena.look(message)).stage is Stage.DONE
    assert await arena.states(message) == {PAIR[0]: State.DELIVERED, PAIR[1]: State.CANCELLED}
    assert await arena.store.cancel([message]) == frozenset()


async def test_the_last_word_of_a_server_stays(arena: Arena) -> None:
    cancelled, again = [await arena.put() for _ in range(2)]
    for claim in (await arena.store.claim("worker", 2, LEASE)).claims:
        await arena.store.settle([result(claim, State.DEFERRED, due_at=NEXT_WEEK, text="explained")])
    await arena.store.cancel([cancelled])
    await arena.store.retry([again], expires_at=NEXT_WEEK)
    for message in (cancelled, again):
        (one,) = (await arena.look(message)).recipients
        assert (one.reply, one.text) == (LATER, "explained")


async def test_what_has_failed_is_tried_again(arena: Arena) -> None:
    message = await arena.put(recipients=PAIR)
    states = {PAIR[0]: State.DELIVERED, PAIR[1]: State.FAILED}
    await arena.store.settle([settled(await arena.claim_one(), states)])
    arena.clock.forward(3600)
    assert await arena.store.retry([message, GONE], expires_at=NEXT_WEEK) == {message}
    status = await arena.look(message)
    assert (status.stage, status.due_at, status.expires_at) == (
        Stage.WAITING,
        NOON + timedelta(hours=1),
        NEXT_WEEK,
    )
    assert await arena.states(message) == {PAIR[0]: State.DELIVERED, PAIR[1]: State.PENDING}
    assert list((await arena.claim_one()).recipients) == [PAIR[1]]


async def test_what_is_deferred_is_tried_now(arena: Arena) -> None:
    message = await arena.put()
    await arena.store.settle([result(await arena.claim_one(), State.DEFERRED, due_at=NEXT_WEEK)])
    assert await arena.store.retry([message], expires_at=NEXT_WEEK) == {message}
    assert (await arena.claim_one()).id == message


async def test_what_is_unknown_is_tried_again_when_told_so(arena: Arena) -> None:
    message = await arena.put()
    await arena.store.settle([result(await arena.claim_one(), State.UNKNOWN)])
    assert await arena.store.retry([message], expires_at=NEXT_WEEK) == {message}
    assert (await arena.claim_one()).id == message


async def test_what_needs_no_retry_is_left_alone(arena: Arena) -> None:
    waiting, delivered = await arena.put(), await arena.put()
    (claim,) = (await arena.store.claim_these("worker", [delivered], LEASE)).claims
    await arena.store.settle([result(claim, State.DELIVERED)])
    before = await arena.look(waiting)
    assert await arena.store.retry([waiting, delivered], expires_at=NEXT_WEEK) == frozenset()
    assert await arena.look(waiting) == before


async def test_a_retry_of_what_is_claimed_waits_for_its_settlement(arena: Arena) -> None:
    message = await arena.put(recipients=PAIR)
    states = {PAIR[0]: State.FAILED, PAIR[1]: State.DEFERRED}
    await arena.store.settle([settled(await arena.claim_one(), states, due_at=NOON)])
    claim = await arena.claim_one()
    assert await arena.store.retry([message], expires_at=NEXT_WEEK) == {message}
    assert (await arena.look(message)).owner == "worker"
    await arena.store.settle([result(claim, State.DELIVERED)])
    assert await arena.states(message) == {PAIR[0]: State.PENDING, PAIR[1]: State.DELIVERED}
    assert list((await arena.claim_one()).recipients) == [PAIR[0]]


async def test_waiting_messages_are_rescheduled(arena: Arena) -> None:
    message = await arena.put()
    later = NOON + timedelta(hours=1)
    assert await arena.store.reschedule([message, GONE], later) == {message}
    status = await arena.look(message)
    assert (status.due_at, status.recipients[0].next_attempt_at) == (later, later)
    assert (await arena.store.claim("worker", 1, LEASE)).claims == ()
    await arena.store.reschedule([message], NOON)
    assert (await arena.claim_one()).id == message


async def test_what_would_be_over_by_its_new_time_is_given_as_much_time_again(arena: Arena) -> None:
    message = await arena.put(expires_at=NOON + timedelta(hours=2))
    await arena.store.reschedule([message], NOON + timedelta(hours=1))
    assert (await arena.look(message)).expires_at == NOON + timedelta(hours=2)
    await arena.store.reschedule([message], NEXT_WEEK)
    status = await arena.look(message)
    assert (status.due_at, status.expires_at) == (NEXT_WEEK, NEXT_WEEK + timedelta(hours=2))


async def test_only_waiting_messages_are_rescheduled(arena: Arena) -> None:
    message = await arena.put()
    await arena.claim_one()
    assert await arena.store.reschedule([message], NEXT_WEEK) == frozenset()


async def test_what_is_held_is_claimed_by_nobody_until_it_is_released(arena: Arena) -> None:
    message = await arena.put()
    assert await arena.store.hold([message, GONE]) == {message}
    assert (await arena.look(message)).stage is Stage.HELD
    assert (await arena.store.claim("worker", 1, LEASE)).claims == ()
    assert await arena.store.hold([message]) == frozenset()
    assert await arena.store.release([message]) == {message}
    assert (await arena.claim_one()).id == message
    assert await arena.kinds(message) == ["submitted", "held", "released"]


async def test_a_release_keeps_the_time_that_was_set(arena: Arena) -> None:
    message = await arena.put(due_at=NEXT_WEEK)
    await arena.store.hold([message])
    await arena.store.release([message])
    assert (await arena.look(message)).due_at == NEXT_WEEK


async def test_what_is_unknown_is_pending_after_a_release(arena: Arena) -> None:
    message = await arena.put()
    await arena.store.settle([result(await arena.claim_one(), State.UNKNOWN)])
    assert await arena.store.release([message]) == {message}
    assert await arena.states(message) == {"buyer@example.org": State.PENDING}
    assert (await arena.claim_one()).id == message


async def test_what_is_claimed_or_done_cannot_be_held_or_released(arena: Arena) -> None:
    message = await arena.put()
    claim = await arena.claim_one()
    assert await arena.store.hold([message]) == frozenset()
    assert await arena.store.release([message]) == frozenset()
    await arena.store.settle([result(claim, State.DELIVERED)])
    assert await arena.store.hold([message]) == frozenset()
    assert await arena.store.release([message]) == frozenset()


async def test_what_is_due_is_handed_over_to_another_account(arena: Arena) -> None:
    first, second = await arena.put(key="order-42"), await arena.put(key="order-43")
    scheduled, foreign = await arena.put(due_at=NEXT_WEEK), await arena.put(account="home")
    held = await arena.put()
    await arena.store.hold([held])
    assert await arena.store.move("work", "spare", 1) == 1
    assert await arena.store.move("work", "spare") == 1
    assert await arena.store.move("work", "spare") == 0
    accounts = [(await arena.look(message)).account for message in (first, second, scheduled, foreign, held)]
    assert accounts == ["spare", "spare", "work", "home", "work"]
    assert dict((await arena.store.stats()).accounts) == {"home": 1, "spare": 2, "work": 1}
    assert {claim.account for claim in (await arena.store.claim("worker", 9, LEASE, ["spare"])).claims} == {
        "spare"
    }


async def test_a_key_stays_with_the_account_it_was_used_under(arena: Arena) -> None:
    message = await arena.put(key="order-42")
    await arena.store.move("work", "spare")
    (again,) = await arena.store.put([letter(key="order-42")])
    assert (again.id, again.duplicate) == (message, True)
    await arena.store.settle([result(await arena.claim_one(), State.DELIVERED)])
    arena.clock.forward(60)
    assert await arena.store.purge(await arena.store.now()) == 1
    arena.clock.forward(8 * 86400)
    await arena.store.purge(await arena.store.now())
    (fresh,) = await arena.store.put([letter(key="order-42")])
    assert not fresh.duplicate


async def test_many_are_steered_at_once(arena: Arena) -> None:
    messages = [await arena.put() for _ in range(20)]
    assert await arena.store.hold(messages) == set(messages)
    assert await arena.store.release(messages) == set(messages)
    assert await arena.store.cancel(messages) == set(messages)
