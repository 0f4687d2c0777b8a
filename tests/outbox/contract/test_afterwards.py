"""After the end: notes, forgetting, and the addresses that are not written to any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from envoi.errors import IdempotencyConflict, OutboxError
from envoi.outbox.model import Query, RecipientResult, Stage, State, Suppression
from tests.outbox.contract.arena import NO, NOON, Arena, letter, result

BUYER = "buyer@example.org"
WEEK = timedelta(days=7)


async def delivered(arena: Arena, **changes: object) -> str:
    message = await arena.put(**changes)
    await arena.store.settle([result(await arena.claim_one(), State.DELIVERED)])
    return message


async def test_mail_that_bounced_has_failed(arena: Arena) -> None:
    message = await delivered(arena)
    bounce = RecipientResult(address=BUYER, state=State.FAILED, reply=NO)
    assert await arena.store.note(message, [bounce], "bounced")
    (recipient,) = (await arena.look(message)).recipients
    assert (recipient.state, recipient.reply) == (State.FAILED, NO)
    assert (await arena.look(message)).stage is Stage.DONE
    event = (await arena.store.events(None))[0]
    assert (event.kind, event.id, event.recipient, event.reply) == ("bounced", message, BUYER, NO)


async def test_a_complaint_changes_no_state(arena: Arena) -> None:
    message = await delivered(arena)
    complaint = RecipientResult(address=BUYER, state=State.DELIVERED, text="marked as spam")
    assert await arena.store.note(message, [complaint], "complained")
    assert await arena.states(message) == {BUYER: State.DELIVERED}
    event = (await arena.store.events(None))[0]
    assert (event.kind, event.reply, event.text) == ("complained", None, "marked as spam")


async def test_nothing_but_a_failure_leads_out_of_delivered(arena: Arena) -> None:
    message = await delivered(arena)
    late = RecipientResult(address=BUYER, state=State.DEFERRED, due_at=NOON)
    assert await arena.store.note(message, [late], "deferred")
    assert await arena.states(message) == {BUYER: State.DELIVERED}


async def test_a_person_can_say_what_became_of_the_unknown(arena: Arena) -> None:
    message = await arena.put()
    await arena.store.settle([result(await arena.claim_one(), State.UNKNOWN)])
    told = RecipientResult(address=BUYER, state=State.DELIVERED, text="found in the server's log")
    assert await arena.store.note(message, [told], "delivered")
    assert (await arena.look(message)).stage is Stage.DONE


async def test_an_address_that_a_message_never_had_is_noted_all_the_same(arena: Arena) -> None:
    message = await delivered(arena)
    bounce = RecipientResult(address="forwarded@example.net", state=State.FAILED, reply=NO)
    assert await arena.store.note(message, [bounce], "bounced")
    assert await arena.states(message) == {BUYER: State.DELIVERED}
    assert (await arena.store.events(None))[0].recipient == "forwarded@example.net"


async def test_nothing_is_noted_of_an_unknown_message(arena: Arena) -> None:
    bounce = RecipientResult(address=BUYER, state=State.FAILED, reply=NO)
    assert not await arena.store.note("0" * 32, [bounce], "bounced")
    assert await arena.store.events(0) == ()


async def test_what_is_done_is_forgotten(arena: Arena) -> None:
    done, waiting = await delivered(arena), await arena.put()
    arena.clock.forward(10)
    assert await arena.store.purge(NOON) == 0
    assert await arena.store.purge(NOON + timedelta(seconds=1)) == 1
    assert await arena.store.status([done]) == ()
    assert [one.id for one in (await arena.store.find(Query())).messages] == [waiting]
    assert {event.id for event in await arena.store.events(0)} == {waiting}
    assert (await arena.store.stats()).stages[Stage.DONE] == 0
    assert not await arena.store.note(done, [], "bounced")


async def test_a_failed_message_is_forgotten_with_its_content(arena: Arena) -> None:
    message = await arena.put(content=b"x" * 300_000)
    await arena.store.settle([result(await arena.claim_one(), State.FAILED)])
    arena.clock.forward(10)
    assert await arena.store.purge(await arena.store.now()) == 1
    with pytest.raises(OutboxError):
        await arena.store.read(message)


async def test_what_is_not_done_is_never_forgotten(arena: Arena) -> None:
    waiting, claimed, held = await arena.put(), await arena.put(), await arena.put()
    await arena.store.hold([held])
    await arena.store.claim_these("worker", [claimed], 60)
    arena.clock.forward(10)
    assert await arena.store.purge(NOON + timedelta(days=365)) == 0
    assert len(await arena.store.status([waiting, claimed, held])) == 3


async def test_no_more_are_forgotten_at_once_than_asked(arena: Arena) -> None:
    for _ in range(5):
        await delivered(arena)
    arena.clock.forward(10)
    now = await arena.store.now()
    assert [await arena.store.purge(now, 2) for _ in range(4)] == [2, 2, 1, 0]


async def test_a_key_is_known_for_a_week_after_the_end(arena: Arena) -> None:
    first = await delivered(arena, key="order-42")
    arena.clock.forward(60)
    await arena.store.purge(await arena.store.now())
    (again,) = await arena.store.put([letter(key="order-42")])
    assert (again.id, again.duplicate) == (first, True)
    with pytest.raises(IdempotencyConflict):
        await arena.store.put([letter(key="order-42", content=b"another")])
    assert await arena.store.status([first]) == ()
    arena.clock.forward(WEEK.total_seconds())
    await arena.store.purge(await arena.store.now())
    (fresh,) = await arena.store.put([letter(key="order-42", content=b"another")])
    assert not fresh.duplicate


async def test_a_key_is_known_while_its_message_is(arena: Arena) -> None:
    first = await delivered(arena, key="order-42")
    arena.clock.forward(30 * WEEK.total_seconds())
    assert await arena.store.purge(NOON - timedelta(days=1)) == 0
    (again,) = await arena.store.put([letter(key="order-42")])
    assert again.id == first


async def test_suppressed_addresses_are_found_whatever_their_case(arena: Arena) -> None:
    entry = Suppression(address="Zoë@Example.org", reason="bounced", since=NOON, id="0" * 32)
    await arena.store.suppress([entry])
    assert await arena.store.suppressed(["a@example.org", "zoË@example.ORG"]) == (entry,)
    assert await arena.store.suppressed([]) == ()
    assert await arena.store.unsuppress(["ZOË@EXAMPLE.ORG", "a@example.org"]) == 1
    assert await arena.store.suppressed(["zoë@example.org"]) == ()


async def test_suppressing_twice_is_no_error(arena: Arena) -> None:
    for reason in ("bounced", "complained"):
        await arena.store.suppress([Suppression(address="a@example.org", reason=reason, since=NOON)])
    (entry,) = await arena.store.suppressed(["a@example.org"])
    assert entry.reason == "complained"


async def test_suppressions_are_listed_in_alphabetical_order(arena: Arena) -> None:
    names = ["c@example.org", "A@example.org", "b@example.org"]
    await arena.store.suppress([Suppression(address=name, reason="bounced", since=NOON) for name in names])
    first = await arena.store.suppressions(most=2)
    assert [entry.address for entry in first] == ["A@example.org", "b@example.org"]
    rest = await arena.store.suppressions(after=first[-1].address, most=2)
    assert [entry.address for entry in rest] == ["c@example.org"]
