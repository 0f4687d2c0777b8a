"""Between claim and settlement: leases, dots, giving back, and taking back from the dead."""

from __future__ import annotations

from datetime import timedelta

from envoi.outbox.account_rules import OnUnknown
from envoi.outbox.model import Stage, State
from tests.outbox.contract.arena import LEASE, NOON, Arena, ids, letter, result, rules, settled

HOLD = {"on_unknown": OnUnknown.HOLD}
PAIR = ("a@example.org", "b@example.org")


async def test_a_lease_is_lengthened(arena: Arena) -> None:
    message = await arena.put()
    await arena.claim_one()
    arena.clock.forward(20)
    extended = await arena.store.extend("worker", LEASE)
    assert extended.mine == {message}
    assert (extended.cancelled, dict(extended.delivered)) == (frozenset(), {})
    assert (await arena.look(message)).lease_until == NOON + timedelta(seconds=20 + LEASE)


async def test_only_the_owners_own_claims_are_lengthened(arena: Arena) -> None:
    message = await arena.put()
    await arena.claim_one("other")
    arena.clock.forward(20)
    assert (await arena.store.extend("worker", LEASE)).mine == frozenset()
    assert (await arena.look(message)).lease_until == NOON + timedelta(seconds=LEASE)


async def test_an_owner_learns_of_cancellations(arena: Arena) -> None:
    messages = [await arena.put(), await arena.put()]
    await arena.store.claim("worker", 2, LEASE)
    await arena.store.cancel(messages[:1])
    extended = await arena.store.extend("worker", LEASE)
    assert extended.mine == set(messages)
    assert extended.cancelled == {messages[0]}


async def test_what_was_settled_is_not_lengthened(arena: Arena) -> None:
    await arena.put()
    await arena.store.settle([result(await arena.claim_one(), State.DELIVERED)])
    assert (await arena.store.extend("worker", LEASE)).mine == frozenset()


async def test_what_is_given_back_waits_as_before(arena: Arena) -> None:
    message = await arena.put(priority=3, due_at=NOON)
    arena.clock.forward(5)
    before = await arena.look(message)
    claim = await arena.claim_one()
    await arena.store.give_back([claim])
    assert await arena.look(message) == before
    again = await arena.claim_one("other")
    assert (again.attempt, again.recipients) == (2, {"buyer@example.org": 0})
    assert (await arena.look(message)).attempts == 1


async def test_what_was_given_back_can_not_be_settled(arena: Arena) -> None:
    await arena.put()
    claim = await arena.claim_one()
    await arena.store.give_back([claim])
    await arena.claim_one("other")
    assert await arena.store.settle([result(claim, State.FAILED)]) == (False,)


async def test_giving_back_what_another_has_does_nothing(arena: Arena) -> None:
    message = await arena.put()
    late = await arena.claim_one("slow")
    await arena.reap_after(LEASE + 1)
    await arena.claim_one("quick")
    await arena.store.give_back([late])
    assert (await arena.look(message)).owner == "quick"


async def test_giving_back_what_was_to_be_cancelled_cancels_it(arena: Arena) -> None:
    message = await arena.put()
    claim = await arena.claim_one()
    await arena.store.cancel([message])
    await arena.store.give_back([claim])
    assert (await arena.look(message)).stage is Stage.DONE
    assert await arena.states(message) == {"buyer@example.org": State.CANCELLED}


async def test_a_lease_that_is_over_is_taken_back(arena: Arena) -> None:
    message = await arena.put()
    await arena.claim_one()
    assert await arena.reap_after(LEASE + 1) == 1
    status = await arena.look(message)
    assert (status.stage, status.owner, status.lease_until) == (Stage.WAITING, "", None)
    claim = await arena.claim_one("other")
    assert (claim.id, claim.attempt) == (message, 2)


async def test_a_lease_that_is_not_over_is_left_alone(arena: Arena) -> None:
    message = await arena.put()
    await arena.claim_one()
    assert await arena.reap_after(LEASE - 1) == 0
    assert (await arena.look(message)).owner == "worker"


async def test_a_lease_that_is_lengthened_in_time_is_left_alone(arena: Arena) -> None:
    message = await arena.put()
    await arena.claim_one()
    for _ in range(5):
        assert await arena.reap_after(20) == 0
        await arena.store.extend("worker", LEASE)
    assert (await arena.look(message)).owner == "worker"


async def test_reaping_an_empty_store_finds_nothing(arena: Arena) -> None:
    assert await arena.store.reap(LEASE) == 0


async def test_what_is_held_when_unknown_is_tried_again_if_no_dot_was_marked(arena: Arena) -> None:
    await arena.store.declare([rules(more=HOLD)])
    message = await arena.put()
    await arena.claim_one()
    assert await arena.reap_after(LEASE + 1) == 1
    assert (await arena.look(message)).stage is Stage.WAITING


async def test_what_is_held_when_unknown_waits_for_a_person_once_its_dot_was_marked(arena: Arena) -> None:
    await arena.store.declare([rules(more=HOLD)])
    message = await arena.put(recipients=PAIR)
    claim = await arena.claim_one()
    assert await arena.store.mark_dots([claim]) == {message}
    assert await arena.reap_after(LEASE + 1) == 1
    status = await arena.look(message)
    assert status.stage is Stage.HELD
    assert await arena.states(message) == dict.fromkeys(PAIR, State.UNKNOWN)
    assert (await arena.kinds(message)).count("unknown") == 2


async def test_recipients_that_were_not_offered_are_not_unknown(arena: Arena) -> None:
    await arena.store.declare([rules(more=HOLD)])
    everybody = tuple(f"r{number}@example.org" for number in range(150))
    message = await arena.put(recipients=everybody)
    await arena.store.mark_dots([await arena.claim_one()])
    await arena.reap_after(LEASE + 1)
    states = list((await arena.states(message)).values())
    assert (states.count(State.UNKNOWN), states.count(State.PENDING)) == (100, 50)
    assert (await arena.look(message)).stage is Stage.WAITING
    assert list((await arena.claim_one()).recipients) == list(everybody[100:])


async def test_the_mark_of_an_earlier_attempt_means_nothing_now(arena: Arena) -> None:
    await arena.store.declare([rules(more=HOLD)])
    message = await arena.put()
    claim = await arena.claim_one()
    await arena.store.mark_dots([claim])
    await arena.store.settle([result(claim, State.DEFERRED, due_at=NOON)])
    await arena.claim_one()
    assert await arena.reap_after(LEASE + 1) == 1
    assert (await arena.look(message)).stage is Stage.WAITING


async def test_a_marked_dot_is_tried_again_where_unknown_mail_is_resent(arena: Arena) -> None:
    message = await arena.put()
    await arena.store.mark_dots([await arena.claim_one()])
    await arena.reap_after(LEASE + 1)
    assert (await arena.look(message)).stage is Stage.WAITING


async def test_no_dot_is_marked_for_a_claim_that_was_lost(arena: Arena) -> None:
    kept = await arena.put()
    await arena.put()
    first, second = (await arena.store.claim("worker", 2, LEASE)).claims
    assert first.id == kept
    await arena.store.give_back([second])
    assert await arena.store.mark_dots([first, second]) == {kept}


async def test_taking_back_what_was_to_be_cancelled_cancels_it(arena: Arena) -> None:
    message = await arena.put()
    await arena.claim_one()
    await arena.store.cancel([message])
    assert await arena.reap_after(LEASE + 1) == 1
    assert await arena.states(message) == {"buyer@example.org": State.CANCELLED}


async def test_recipients_wait_for_their_own_time_after_a_crash(arena: Arena) -> None:
    await arena.put(recipients=PAIR)
    states = {PAIR[0]: State.DEFERRED, PAIR[1]: State.DEFERRED}
    claim = await arena.claim_one()
    first = settled(claim, {PAIR[0]: states[PAIR[0]]}, due_at=NOON)
    second = settled(claim, {PAIR[1]: states[PAIR[1]]}, due_at=NOON + timedelta(hours=2))
    await arena.store.settle([type(first)(id=claim.id, attempt=1, results=first.results + second.results)])
    assert list((await arena.claim_one()).recipients) == [PAIR[0]]
    await arena.reap_after(LEASE + 1)
    assert list((await arena.claim_one()).recipients) == [PAIR[0]]


async def test_connections_are_shared_and_lengthened(arena: Arena) -> None:
    await arena.store.declare([rules(connections=5)])
    other = arena.open()
    assert await arena.store.connections("a", "work", 3, LEASE) == 3
    assert await other.connections("b", "work", 3, LEASE) == 2
    arena.clock.forward(LEASE - 10)
    await arena.store.extend("a", LEASE)
    arena.clock.forward(20)
    # Those of `a` were lengthened, those of `b` are over.
    assert await other.connections("c", "work", 9, LEASE) == 2


async def test_connections_without_a_limit_are_as_wished(arena: Arena) -> None:
    assert await arena.store.connections("a", "work", 40, LEASE) == 40


async def test_the_dead_of_many_accounts_are_found_together(arena: Arena) -> None:
    messages = await arena.store.put([letter(account=f"account{number}") for number in range(30)])
    await arena.store.claim("worker", 30, LEASE)
    assert await arena.reap_after(LEASE + 1) == 30
    claims = (await arena.store.claim("other", 50, LEASE)).claims
    assert sorted(ids(claims)) == sorted(message.id for message in messages)
