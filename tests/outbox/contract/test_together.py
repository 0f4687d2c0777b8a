"""Many at once: threads, tasks and handles share a store, and no message is had by two."""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from envoi.errors import IdempotencyConflict
from envoi.outbox.model import Stage, State
from envoi.session.run import run_sync
from tests.outbox.contract.arena import LEASE, Arena, letter, result, rules

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from envoi.outbox.store import Store

HANDS = 8


async def together(arena: Arena, hand: Callable[[int, Store], Coroutine[Any, Any, Any]]) -> list[Any]:
    """Run `hand` eight times at once, on two handles: in threads, or as tasks."""
    stores = [arena.store, arena.open()]
    flows = [lambda number=number: hand(number, stores[number % 2]) for number in range(HANDS)]
    if arena.colour == "asyncio":
        return await asyncio.gather(*(flow() for flow in flows))
    with ThreadPoolExecutor(HANDS) as pool:
        return list(pool.map(lambda flow: run_sync(flow()), flows))


async def test_what_many_put_is_all_there(arena: Arena) -> None:
    async def hand(number: int, store: Store) -> list[str]:
        return [(await store.put([letter()]))[0].id for _ in range(12)]

    messages = [message for messages in await together(arena, hand) for message in messages]
    assert len(await arena.store.status(messages)) == len(set(messages)) == 12 * HANDS
    assert sorted(event.id for event in await arena.store.events(0)) == sorted(messages)


async def test_no_message_is_claimed_by_two(arena: Arena) -> None:
    await arena.store.put([letter(account=f"account{number % 3}") for number in range(200)])

    async def hand(number: int, store: Store) -> list[tuple[str, int]]:
        got: list[tuple[str, int]] = []
        while claims := (await store.claim(f"owner{number}", 7, LEASE)).claims:
            got += [(claim.id, claim.attempt) for claim in claims]
        return got

    claimed = [claim for claims in await together(arena, hand) for claim in claims]
    assert len(claimed) == len(set(claimed)) == 200
    assert {attempt for _, attempt in claimed} == {1}


async def test_everything_is_delivered_once(arena: Arena) -> None:
    await arena.store.put([letter() for _ in range(100)])

    async def hand(number: int, store: Store) -> int:
        done = 0
        while claims := (await store.claim(f"owner{number}", 5, LEASE)).claims:
            kept, given_back = claims[:3], claims[3:]
            done += sum(await store.settle([result(claim, State.DELIVERED) for claim in kept]))
            await store.give_back(given_back)
        return done

    assert sum(await together(arena, hand)) == 100
    kinds = Counter(event.kind for event in await arena.store.events(0))
    assert kinds == {"submitted": 100, "delivered": 100}
    assert (await arena.store.stats()).stages[Stage.DONE] == 100
    assert await arena.store.check() == ()


async def test_a_key_has_one_message_however_many_submit_it(arena: Arena) -> None:
    async def hand(number: int, store: Store) -> str:
        return (await store.put([letter(key="order-42")]))[0].id

    assert len(set(await together(arena, hand))) == 1
    assert (await arena.store.stats()).stages[Stage.WAITING] == 1


async def test_one_that_fails_takes_no_other_along(arena: Arena) -> None:
    await arena.put(key="order-42")

    async def hand(number: int, store: Store) -> bool:
        for _ in range(5):
            if number % 2:
                await store.put([letter()])
            else:
                with pytest.raises(IdempotencyConflict):
                    await store.put([letter(), letter(key="order-42", content=b"another")])
        return True

    assert all(await together(arena, hand))
    assert (await arena.store.stats()).stages[Stage.WAITING] == 1 + 5 * HANDS // 2


async def test_no_change_of_an_account_is_lost(arena: Arena) -> None:
    async def hand(number: int, store: Store) -> None:
        for _ in range(5):
            await store.change_account("work", lambda state: replace(state, failures=state.failures + 1))

    await together(arena, hand)
    ((_, state),) = await arena.store.accounts()
    assert state.failures == 5 * HANDS


async def test_limits_hold_over_all_owners(arena: Arena) -> None:
    await arena.store.declare([rules(messages_per_hour=50, connections=10)])
    await arena.store.put([letter() for _ in range(100)])

    async def hand(number: int, store: Store) -> tuple[int, int]:
        held = await store.connections(f"owner{number}", "work", 3, LEASE)
        return held, sum([len((await store.claim(f"owner{number}", 4, LEASE)).claims) for _ in range(5)])

    shares = await together(arena, hand)
    assert sum(held for held, _ in shares) == 10
    assert sum(got for _, got in shares) == 50
