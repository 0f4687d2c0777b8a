"""Claiming: what is due and nobody has, in the right order, within the account's limits."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from envoi.outbox.model import Stage, State
from tests.outbox.contract.arena import HELLO, LEASE, NOON, Arena, ids, letter, result, rules


async def test_a_claim_says_all_that_is_needed_to_send(arena: Arena) -> None:
    given = letter(recipients=("a@example.org", "b@example.org"), options='{"ret": "hdrs"}')
    await arena.store.put([given])
    claim = await arena.claim_one()
    assert (claim.id, claim.attempt, claim.account, claim.sender) == (given.id, 1, "work", given.sender)
    assert claim.recipients == {"a@example.org": 0, "b@example.org": 0}
    assert list(claim.recipients) == list(given.recipients)
    assert (claim.options, claim.message_id) == (given.options, given.message_id)
    assert (claim.size, claim.content) == (len(HELLO), HELLO)
    assert (claim.created_at, claim.expires_at) == (NOON, given.expires_at)
    assert (claim.not_before, claim.lease_until) == (NOON, NOON + timedelta(seconds=LEASE))
    status = await arena.look(given.id)
    assert (status.stage, status.owner, status.attempts) == (Stage.CLAIMED, "worker", 1)
    assert status.lease_until == claim.lease_until


async def test_nobody_gets_what_is_claimed(arena: Arena) -> None:
    await arena.put()
    await arena.claim_one()
    assert (await arena.store.claim("other", 10, LEASE)).claims == ()
    assert (await arena.open().claim("third", 10, LEASE)).claims == ()


async def test_no_more_are_claimed_than_were_asked_for(arena: Arena) -> None:
    await arena.store.put([letter() for _ in range(7)])
    assert [len((await arena.store.claim("worker", 3, LEASE)).claims) for _ in range(4)] == [3, 3, 1, 0]


async def test_what_is_not_due_waits(arena: Arena) -> None:
    await arena.put(due_at=NOON + timedelta(seconds=30))
    early = await arena.store.claim("worker", 10, LEASE)
    assert early.claims == ()
    assert early.wake_at == NOON + timedelta(seconds=30)
    arena.clock.forward(30)
    assert len((await arena.store.claim("worker", 10, LEASE)).claims) == 1


async def test_an_empty_store_knows_no_time_to_wake(arena: Arena) -> None:
    found = await arena.store.claim("worker", 10, LEASE)
    assert (found.claims, found.wake_at) == ((), None)


async def test_the_urgent_come_first_then_those_that_wait_longest(arena: Arena) -> None:
    arena.clock.forward(60)
    late = await arena.put(priority=9, due_at=NOON - timedelta(hours=1))
    second = await arena.put(due_at=NOON + timedelta(seconds=5))
    first = await arena.put(due_at=NOON)
    urgent = await arena.put(priority=0, due_at=NOON + timedelta(seconds=50))
    claims = (await arena.store.claim("worker", 10, LEASE)).claims
    assert ids(claims) == [urgent, first, second, late]


async def test_what_is_scheduled_does_not_hide_what_is_due(arena: Arena) -> None:
    await arena.store.put([letter(priority=0, due_at=NOON + timedelta(days=1)) for _ in range(50)])
    due = await arena.put(priority=9)
    assert ids((await arena.store.claim("worker", 10, LEASE)).claims) == [due]


async def test_accounts_take_turns(arena: Arena) -> None:
    await arena.store.put([letter(account=name) for name in ("a", "b", "c") for _ in range(6)])
    served = [(await arena.claim_one()).account for _ in range(9)]
    assert sorted(served[:3]) == sorted(served[3:6]) == sorted(served[6:]) == ["a", "b", "c"]


async def test_a_newcomer_is_not_kept_waiting_by_a_crowd(arena: Arena) -> None:
    await arena.store.put([letter(account="crowd") for _ in range(50)])
    await arena.store.claim("worker", 10, LEASE)
    newcomer = await arena.put(account="newcomer")
    assert newcomer in ids((await arena.store.claim("worker", 10, LEASE)).claims)


async def test_one_claim_is_filled_from_several_accounts(arena: Arena) -> None:
    await arena.store.put([letter(account=name) for name in ("a", "b", "c")])
    claims = (await arena.store.claim("worker", 10, LEASE)).claims
    assert sorted(claim.account for claim in claims) == ["a", "b", "c"]


async def test_only_the_accounts_asked_for(arena: Arena) -> None:
    await arena.store.put([letter(account=name) for name in ("a", "b", "c")])
    claims = (await arena.store.claim("worker", 10, LEASE, ["b", "nobody"])).claims
    assert [claim.account for claim in claims] == ["b"]
    assert (await arena.store.claim("worker", 10, LEASE, [])).claims == ()


async def test_at_most_a_hundred_recipients_are_offered(arena: Arena) -> None:
    everybody = tuple(f"r{number}@example.org" for number in range(250))
    message = await arena.put(recipients=everybody)
    offered: list[str] = []
    for most in (100, 100, 50):
        claim = await arena.claim_one()
        assert len(claim.recipients) == most
        offered += claim.recipients
        assert (await arena.store.settle([result(claim, State.DELIVERED)])) == (True,)
    assert offered == list(everybody)
    assert (await arena.look(message)).stage is Stage.DONE


async def test_only_recipients_that_are_due_are_offered(arena: Arena) -> None:
    message = await arena.put(recipients=("a@example.org", "b@example.org"))
    claim = await arena.claim_one()
    later, much_later = NOON + timedelta(minutes=5), NOON + timedelta(hours=1)
    first, second = (
        result(claim, State.DEFERRED, due_at=later),
        result(claim, State.DEFERRED, due_at=much_later),
    )
    await arena.store.settle(
        [type(first)(id=claim.id, attempt=1, results=(first.results[0], second.results[1]))]
    )
    assert (await arena.look(message)).due_at == later
    arena.clock.forward(300)
    assert (await arena.claim_one()).recipients == {"a@example.org": 1}


async def test_claims_these_and_no_others(arena: Arena) -> None:
    wanted, _ = await arena.put(), await arena.put()
    scheduled = await arena.put(due_at=NOON + timedelta(hours=1))
    held = await arena.put()
    await arena.store.hold([held])
    asked = [wanted, wanted, scheduled, held, "0" * 32, "no id"]
    assert ids((await arena.store.claim_these("worker", asked, LEASE)).claims) == [wanted]
    assert (await arena.store.claim_these("other", asked, LEASE)).claims == ()


async def test_claims_these_within_the_limits(arena: Arena) -> None:
    await arena.store.declare([rules(messages_per_hour=2)])
    messages = [await arena.put() for _ in range(3)]
    found = await arena.store.claim_these("worker", messages, LEASE)
    assert len(found.claims) == 2
    assert found.wake_at is not None


async def test_an_hour_holds_what_it_may_over_several_owners(arena: Arena) -> None:
    await arena.store.declare([rules(messages_per_hour=10)])
    await arena.store.put([letter() for _ in range(30)])
    other = arena.open()
    got = [
        len((await store.claim(owner, 3, LEASE)).claims)
        for store, owner in [(arena.store, "a"), (other, "b")] * 4
    ]
    assert sum(got) == 10
    waits = await other.claim("b", 3, LEASE)
    assert waits.claims == ()
    assert waits.wake_at is not None
    assert waits.wake_at > NOON + timedelta(minutes=59)
    arena.clock.forward((waits.wake_at - NOON).total_seconds())
    assert len((await other.claim("b", 20, LEASE)).claims) == 10


async def test_a_second_gives_each_message_an_instant_of_its_own(arena: Arena) -> None:
    await arena.store.declare([rules(messages_per_second=10)])
    await arena.store.put([letter() for _ in range(30)])
    claims = (await arena.store.claim("worker", 30, LEASE)).claims
    instants = [claim.not_before for claim in claims]
    assert 1 < len(claims) <= 6
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(instants)]
    assert all(gap >= 0.1 for gap in gaps)
    # A lease lasts from when the message may leave.
    assert all(claim.lease_until - claim.not_before == timedelta(seconds=LEASE) for claim in claims)


async def test_recipients_are_counted_as_they_are_offered(arena: Arena) -> None:
    await arena.store.declare([rules(recipients_per_day=5)])
    await arena.store.put([letter(recipients=("a@example.org", "b@example.org")) for _ in range(4)])
    assert len((await arena.store.claim("worker", 10, LEASE)).claims) == 2


async def test_a_paused_account_keeps_no_other_from_sending(arena: Arena) -> None:
    from dataclasses import replace

    await arena.store.put([letter(account="paused"), letter(account="free")])
    until = (NOON + timedelta(minutes=10)).timestamp()
    await arena.store.change_account("paused", lambda state: replace(state, paused_until=until))
    found = await arena.store.claim("worker", 10, LEASE)
    assert [claim.account for claim in found.claims] == ["free"]
    assert found.wake_at == NOON + timedelta(minutes=10)


@pytest.mark.parametrize("most", [1, 5])
async def test_after_a_failure_one_probe_goes_alone(arena: Arena, most: int) -> None:
    from dataclasses import replace

    await arena.store.put([letter() for _ in range(5)])
    await arena.store.change_account("work", lambda state: replace(state, failures=2))
    assert len((await arena.store.claim("worker", most, LEASE)).claims) == 1
    assert (await arena.open().claim("other", most, LEASE)).claims == ()
