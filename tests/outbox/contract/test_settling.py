"""Settling: outcomes under the fence, and what follows for the message."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from envoi.errors import OutboxError
from envoi.outbox.model import Settlement, Stage, State, Suppression
from tests.outbox.contract.arena import LATER, LEASE, NO, NOON, OK, Arena, letter, result, settled

PAIR = ("a@example.org", "b@example.org")
SOON = NOON + timedelta(minutes=5)


async def test_a_delivered_message_is_done(arena: Arena) -> None:
    message = await arena.put()
    claim = await arena.claim_one()
    arena.clock.forward(2)
    assert await arena.store.settle([result(claim, State.DELIVERED)]) == (True,)
    status = await arena.look(message)
    assert (status.stage, status.attempts, status.owner, status.lease_until) == (Stage.DONE, 1, "", None)
    (recipient,) = status.recipients
    assert (recipient.state, recipient.attempts, recipient.reply) == (State.DELIVERED, 1, OK)
    assert (recipient.settled_at, recipient.next_attempt_at) == (NOON + timedelta(seconds=2), None)
    assert await arena.kinds(message) == ["submitted", "delivered"]


async def test_a_deferred_recipient_is_tried_again_when_it_is_due(arena: Arena) -> None:
    message = await arena.put()
    await arena.store.settle([result(await arena.claim_one(), State.DEFERRED, due_at=SOON)])
    status = await arena.look(message)
    assert (status.stage, status.due_at) == (Stage.WAITING, SOON)
    (recipient,) = status.recipients
    assert (recipient.state, recipient.reply, recipient.next_attempt_at) == (State.DEFERRED, LATER, SOON)
    assert recipient.settled_at is None
    assert (await arena.store.claim("worker", 1, LEASE)).claims == ()
    arena.clock.forward(300)
    claim = await arena.claim_one()
    assert (claim.attempt, claim.recipients) == (2, {"buyer@example.org": 1})


async def test_only_what_is_open_is_offered_again(arena: Arena) -> None:
    message = await arena.put(recipients=(*PAIR, "c@example.org"))
    claim = await arena.claim_one()
    states = {PAIR[0]: State.DELIVERED, PAIR[1]: State.DEFERRED, "c@example.org": State.FAILED}
    await arena.store.settle([settled(claim, states, due_at=NOON)])
    assert list((await arena.claim_one()).recipients) == [PAIR[1]]
    assert await arena.states(message) == states


async def test_the_first_of_the_deferred_decides_when_the_message_is_due(arena: Arena) -> None:
    message = await arena.put(recipients=PAIR)
    claim = await arena.claim_one()
    first = settled(claim, {PAIR[0]: State.DEFERRED}, due_at=NOON + timedelta(hours=1))
    second = settled(claim, {PAIR[1]: State.DEFERRED}, due_at=SOON)
    both = Settlement(id=claim.id, attempt=claim.attempt, results=first.results + second.results)
    await arena.store.settle([both])
    assert (await arena.look(message)).due_at == SOON


async def test_a_recipient_that_was_not_tried_is_not_counted(arena: Arena) -> None:
    message = await arena.put()
    claim = await arena.claim_one()
    untried = result(claim, State.PENDING, due_at=SOON, counted=False, text="the server cannot be reached")
    await arena.store.settle([untried])
    (recipient,) = (await arena.look(message)).recipients
    assert (recipient.state, recipient.attempts) == (State.PENDING, 0)
    assert (recipient.reply, recipient.text) == (None, "the server cannot be reached")
    arena.clock.forward(300)
    assert (await arena.claim_one()).recipients == {"buyer@example.org": 0}


async def test_a_message_with_an_unknown_recipient_is_held(arena: Arena) -> None:
    message = await arena.put()
    await arena.store.settle([result(await arena.claim_one(), State.UNKNOWN, text="silence after the dot")])
    status = await arena.look(message)
    assert (status.stage, status.recipients[0].state) == (Stage.HELD, State.UNKNOWN)
    assert (await arena.store.claim("worker", 1, LEASE)).claims == ()
    assert await arena.kinds(message) == ["submitted", "unknown"]


async def test_a_message_waits_while_one_recipient_is_open_even_if_another_is_unknown(arena: Arena) -> None:
    message = await arena.put(recipients=PAIR)
    claim = await arena.claim_one()
    states = {PAIR[0]: State.UNKNOWN, PAIR[1]: State.DEFERRED}
    await arena.store.settle([settled(claim, states, due_at=NOON)])
    assert (await arena.look(message)).stage is Stage.WAITING
    await arena.store.settle([result(await arena.claim_one(), State.DELIVERED)])
    assert (await arena.look(message)).stage is Stage.HELD


async def test_the_content_goes_when_everybody_has_the_mail(arena: Arena) -> None:
    message = await arena.put(content=b"x" * 300_000)
    await arena.store.settle([result(await arena.claim_one(), State.DELIVERED)])
    with pytest.raises(OutboxError, match="no content"):
        await arena.store.read(message)
    assert (await arena.look(message)).size == 300_000


async def test_the_content_stays_while_somebody_may_want_it(arena: Arena) -> None:
    message = await arena.put(recipients=PAIR)
    states = {PAIR[0]: State.DELIVERED, PAIR[1]: State.FAILED}
    await arena.store.settle([settled(await arena.claim_one(), states)])
    assert (await arena.look(message)).stage is Stage.DONE
    assert (await arena.store.read(message)).octets is not None


async def test_a_settlement_that_comes_too_late_changes_nothing(arena: Arena) -> None:
    message = await arena.put()
    late = await arena.claim_one("slow")
    assert await arena.reap_after(LEASE + 1) == 1
    now = await arena.claim_one("quick")
    assert now.attempt == late.attempt + 1
    before = await arena.look(message)
    assert await arena.store.settle([result(late, State.FAILED)]) == (False,)
    assert await arena.look(message) == before
    assert await arena.store.settle([result(now, State.DEFERRED, due_at=SOON)]) == (True,)


async def test_a_late_250_is_kept_and_the_new_holder_is_told(arena: Arena) -> None:
    message = await arena.put(recipients=PAIR)
    late = await arena.claim_one("slow")
    await arena.reap_after(LEASE + 1)
    now = await arena.claim_one("quick")
    assert await arena.store.settle([settled(late, {PAIR[0]: State.DELIVERED})]) == (False,)
    assert await arena.states(message) == {PAIR[0]: State.DELIVERED, PAIR[1]: State.PENDING}
    extended = await arena.store.extend("quick", LEASE)
    assert extended.delivered == {message: {PAIR[0]}}
    assert (await arena.look(message)).stage is Stage.CLAIMED
    # Whatever the new holder thinks of that recipient, delivered it stays.
    await arena.store.settle([result(now, State.FAILED)])
    assert await arena.states(message) == {PAIR[0]: State.DELIVERED, PAIR[1]: State.FAILED}
    (first, _) = (await arena.look(message)).recipients
    assert first.reply == OK
    assert (await arena.kinds(message)).count("delivered") == 1


async def test_a_late_250_ends_the_wait_of_a_message_that_nobody_has(arena: Arena) -> None:
    message = await arena.put()
    late = await arena.claim_one("slow")
    await arena.reap_after(LEASE + 1)
    assert await arena.store.settle([result(late, State.DELIVERED)]) == (False,)
    assert (await arena.look(message)).stage is Stage.DONE
    assert (await arena.store.claim("quick", 1, LEASE)).claims == ()


async def test_who_was_delivered_late_is_not_offered_again_when_the_claim_is_given_back(arena: Arena) -> None:
    message = await arena.put(recipients=PAIR)
    late = await arena.claim_one("slow")
    await arena.reap_after(LEASE + 1)
    now = await arena.claim_one("quick")
    await arena.store.settle([settled(late, {PAIR[0]: State.DELIVERED})])
    await arena.store.give_back([now])
    again = await arena.claim_one("quick")
    assert list(again.recipients) == [PAIR[1]]
    await arena.store.settle([settled(late, {PAIR[1]: State.DELIVERED})])
    await arena.store.give_back([again])
    for claim in (await arena.store.claim("quick", 1, LEASE)).claims:
        assert claim.recipients == {}
    assert set((await arena.states(message)).values()) == {State.DELIVERED}


async def test_a_late_250_settles_what_was_held_as_unknown(arena: Arena) -> None:
    message = await arena.put()
    claim = await arena.claim_one()
    await arena.store.settle([result(claim, State.UNKNOWN)])
    assert await arena.store.settle([result(claim, State.DELIVERED)]) == (False,)
    assert (await arena.look(message)).stage is Stage.DONE
    assert await arena.states(message) == {"buyer@example.org": State.DELIVERED}


async def test_a_late_250_does_not_let_go_what_a_person_holds(arena: Arena) -> None:
    message = await arena.put(recipients=PAIR)
    late = await arena.claim_one("slow")
    await arena.reap_after(LEASE + 1)
    await arena.store.hold([message])
    await arena.store.settle([settled(late, {PAIR[0]: State.DELIVERED})])
    assert (await arena.look(message)).stage is Stage.HELD
    assert await arena.states(message) == {PAIR[0]: State.DELIVERED, PAIR[1]: State.PENDING}


async def test_settling_twice_is_too_late_the_second_time(arena: Arena) -> None:
    message = await arena.put()
    outcome = result(await arena.claim_one(), State.DELIVERED)
    assert await arena.store.settle([outcome]) == (True,)
    assert await arena.store.settle([outcome]) == (False,)
    assert await arena.kinds(message) == ["submitted", "delivered"]


async def test_one_late_settlement_takes_no_other_along(arena: Arena) -> None:
    await arena.put()
    await arena.put()
    claims = (await arena.store.claim("worker", 2, LEASE)).claims
    unknown = Settlement(id="0" * 32, attempt=1, results=())
    outcomes = [result(claims[0], State.DELIVERED), unknown, result(claims[1], State.DELIVERED)]
    assert await arena.store.settle(outcomes) == (True, False, True)


async def test_a_message_can_go_on_with_another_account(arena: Arena) -> None:
    message = await arena.put()
    moved = result(await arena.claim_one(), State.PENDING, account="spare", due_at=NOON, counted=False)
    await arena.store.settle([moved])
    assert (await arena.look(message)).account == "spare"
    assert dict((await arena.store.stats()).accounts) == {"spare": 1}
    assert (await arena.claim_one(accounts=["spare"])).account == "spare"
    assert [rules.name for rules, _ in await arena.store.accounts()] == ["spare", "work"]


async def test_a_cancellation_asked_for_takes_what_is_still_open(arena: Arena) -> None:
    message = await arena.put(recipients=PAIR)
    claim = await arena.claim_one()
    assert await arena.store.cancel([message]) == {message}
    assert (await arena.look(message)).cancel_requested
    assert await arena.states(message) == dict.fromkeys(PAIR, State.PENDING)
    states = {PAIR[0]: State.DELIVERED, PAIR[1]: State.DEFERRED}
    await arena.store.settle([settled(claim, states, due_at=SOON)])
    assert await arena.states(message) == {PAIR[0]: State.DELIVERED, PAIR[1]: State.CANCELLED}
    status = await arena.look(message)
    assert (status.stage, status.cancel_requested) == (Stage.DONE, False)


async def test_what_a_server_said_for_each_recipient_is_kept(arena: Arena) -> None:
    message = await arena.put(recipients=PAIR)
    states = {PAIR[0]: State.DELIVERED, PAIR[1]: State.FAILED}
    await arena.store.settle([settled(await arena.claim_one(), states)])
    first, second = (await arena.look(message)).recipients
    assert (first.reply, second.reply) == (OK, NO)
    events = [event for event in await arena.store.events(0) if event.recipient]
    assert {event.recipient: event.reply for event in events} == {PAIR[0]: OK, PAIR[1]: NO}


async def test_an_explanation_stands_beside_a_reply(arena: Arena) -> None:
    message = await arena.put()
    await arena.store.settle([result(await arena.claim_one(), State.FAILED, reply=LATER, text="given up")])
    (one,) = (await arena.look(message)).recipients
    assert (one.reply, one.text) == (LATER, "given up")
    last = (await arena.store.events(0))[-1]
    assert (last.reply, last.text) == (LATER, "given up")


async def test_a_result_without_a_word_leaves_the_last_one(arena: Arena) -> None:
    message = await arena.put()
    await arena.store.settle([result(await arena.claim_one(), State.DEFERRED)])
    await arena.store.settle([result(await arena.claim_one(), State.PENDING)])
    assert (await arena.look(message)).recipients[0].reply == LATER


async def test_a_report_is_accepted_with_what_it_reports(arena: Arena) -> None:
    message = await arena.put()
    report = letter(sender="", recipients=("accounts@example.com",), key="report")
    failed = replace(result(await arena.claim_one(), State.FAILED), report=report)
    assert await arena.store.settle([failed]) == (True,)
    assert (await arena.look(message)).stage is Stage.DONE
    assert (await arena.look(report.id)).stage is Stage.WAITING
    assert (await arena.claim_one()).content == report.content


async def test_what_comes_too_late_is_not_reported(arena: Arena) -> None:
    await arena.put()
    claim = await arena.claim_one()
    await arena.store.settle([result(claim, State.DELIVERED)])
    report = letter()
    assert await arena.store.settle([replace(result(claim, State.FAILED), report=report)]) == (False,)
    assert await arena.store.status([report.id]) == ()


async def test_nothing_is_reported_to_whom_nobody_writes(arena: Arena) -> None:
    message = await arena.put()
    claim = await arena.claim_one()
    report = letter(recipients=("accounts@example.com",))
    await arena.store.suppress([Suppression(address="accounts@example.com", reason="bounced", since=NOON)])
    assert await arena.store.settle([replace(result(claim, State.FAILED), report=report)]) == (True,)
    assert await arena.states(message) == {"buyer@example.org": State.FAILED}
    assert await arena.store.status([report.id]) == ()
