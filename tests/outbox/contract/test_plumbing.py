"""The rest of the port: time, waiting, migrating, checking, closing."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import timedelta

import pytest

from envoi.errors import StoreUnavailable
from envoi.session.run import run_sync
from tests.outbox.contract.arena import LEASE, NOON, Arena, letter


async def test_the_clock_is_the_engines(arena: Arena) -> None:
    arena.clock.forward(5)
    assert await arena.store.now() == NOON + timedelta(seconds=5)


async def test_waiting_ends_when_the_time_is_over(arena: Arena) -> None:
    await arena.store.claim("worker", 1, LEASE)
    begun = time.monotonic()
    # Its own opening may still ring in its ears.
    while await arena.store.wait(0.05):
        assert time.monotonic() - begun < 30


async def test_a_put_before_the_wait_is_heard(arena: Arena) -> None:
    assert (await arena.store.claim("worker", 1, LEASE)).claims == ()
    await arena.open().put([letter()])
    assert await arena.store.wait(30)


@pytest.mark.parametrize("roused", [False, True])
async def test_a_put_wakes_who_waits_and_so_does_a_rouse(arena: Arena, roused: bool) -> None:
    await arena.store.claim("worker", 1, LEASE)
    while await arena.store.wait(0.05):
        pass
    other = arena.open()

    async def ring() -> None:
        await (other.rouse() if roused else other.put([letter()]))

    if arena.colour == "asyncio":

        async def ring_soon() -> None:
            await asyncio.sleep(0.05)
            await ring()

        ringing = asyncio.create_task(ring_soon())
        assert await arena.store.wait(30)
        await ringing
        return
    timer = threading.Timer(0.05, lambda: run_sync(ring()))
    timer.start()
    assert await arena.store.wait(30)
    timer.join()


async def test_a_store_that_is_up_to_date_needs_no_migration(arena: Arena) -> None:
    await arena.put()
    assert await arena.store.migrate(dry_run=True) == ()
    assert await arena.store.migrate() == ()


async def test_a_sound_store_has_nothing_wrong_with_it(arena: Arena) -> None:
    await arena.put()
    await arena.put(content=b"x" * 300_000)
    await arena.claim_one()
    assert await arena.store.check() == ()


async def test_a_closed_store_says_so(arena: Arena) -> None:
    message = await arena.put()
    await arena.store.close()
    await arena.store.close()
    with pytest.raises(StoreUnavailable, match="was closed"):
        await arena.store.put([letter()])
    with pytest.raises(StoreUnavailable, match="was closed"):
        await arena.store.status([message])


async def test_a_store_that_was_never_used_can_be_closed(arena: Arena) -> None:
    store = arena.open()
    await store.close()
