"""A worker as a whole: claims, carries, settles, keeps what it has, and ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from envoi.errors import Retry, StoreUnavailable
from envoi.outbox.account_rules import AccountRules, Limits, OnUnknown
from envoi.outbox.model import Stage as Place
from envoi.outbox.model import State
from tests.outbox.stage import Stage, play, taken

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from envoi.outbox.courier import Attempt
    from envoi.outbox.model import Claim


def test_sends_what_is_there_and_what_comes(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        first = await stage.submit()
        async with stage.working():
            assert (await stage.office.wait(first, 5)).stage is Place.DONE
            second = await stage.submit("b@example.org", "c@example.org")
            assert (await stage.office.wait(second, 5)).stage is Place.DONE
        assert await stage.states(second) == {
            "b@example.org": State.DELIVERED,
            "c@example.org": State.DELIVERED,
        }
        assert stage.server.ids == [first.id, second.id]
        assert stage.server.open["default"] == 0

    play(tmp_path, scene)


def test_many_go_over_as_many_connections_as_allowed(tmp_path: Path) -> None:
    async def slow(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
        await asyncio.sleep(1)
        return taken(claim, recipients)

    async def scene(stage: Stage) -> None:
        stage.server.answers["default"] = slow
        tickets = [await stage.submit() for _ in range(30)]
        started = stage.clock.monotonic()
        async with stage.working(connections=3):
            for ticket in tickets:
                await stage.office.wait(ticket, 60)
        assert stage.server.most_open["default"] == 3
        assert sorted(stage.server.ids) == sorted(ticket.id for ticket in tickets)
        assert 10 <= stage.clock.monotonic() - started < 14

    play(tmp_path, scene)


def test_a_fast_server_is_fed_in_few_claims(tmp_path: Path) -> None:
    async def fast(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
        await asyncio.sleep(0.002)
        return taken(claim, recipients)

    async def scene(stage: Stage) -> None:
        stage.server.answers["default"] = fast
        tickets = [await stage.submit() for _ in range(200)]
        async with stage.working(connections=4):
            await stage.office.wait(tickets[-1], 60)
        assert len(stage.server.ids) == 200
        assert stage.store.calls["claim"] < 10

    play(tmp_path, scene)


def test_a_slow_server_leaves_to_others_what_it_cannot_take(tmp_path: Path) -> None:
    async def slow(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
        await asyncio.sleep(1)
        return taken(claim, recipients)

    async def scene(stage: Stage) -> None:
        stage.server.answers["default"] = slow
        for _ in range(40):
            await stage.submit()
        async with stage.working(connections=2):
            await stage.pass_time(5.5)
            assert (await stage.store.stats()).stages[Place.CLAIMED] <= 8

    play(tmp_path, scene)


def test_nobody_rings_for_a_worker_that_has_enough_to_do(tmp_path: Path) -> None:
    async def fast(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
        await asyncio.sleep(0.01)
        return taken(claim, recipients)

    async def scene(stage: Stage) -> None:
        stage.server.answers["default"] = fast
        tickets = [await stage.submit() for _ in range(300)]
        async with stage.working(connections=4):
            for _ in range(50):
                await stage.pass_time(0.01)
                tickets.append(await stage.submit())
            assert stage.store.calls["wait"] < 5
            for ticket in tickets:
                await stage.office.wait(ticket, 60)
            await stage.pass_time(10)
            started, late = stage.clock.monotonic(), await stage.submit()
            await stage.office.wait(late, 60)
            assert stage.clock.monotonic() - started < 0.3

    play(tmp_path, scene)


def test_stop_finishes_what_is_in_flight_and_gives_back_the_rest(tmp_path: Path) -> None:
    async def slow(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
        await asyncio.sleep(30)
        return taken(claim, recipients)

    async def scene(stage: Stage) -> None:
        stage.server.answers["default"] = slow
        tickets = [await stage.submit() for _ in range(10)]
        async with stage.working(connections=2):
            await stage.pass_time(1)
        places = [(await stage.office.status(ticket)).stage for ticket in tickets]
        assert places == [Place.DONE] * 2 + [Place.WAITING] * 8
        assert [(await stage.office.status(ticket)).attempts for ticket in tickets[2:]] == [0] * 8

    play(tmp_path, scene)


@pytest.mark.parametrize("away", [False, True])
def test_who_is_idle_ends_at_once(tmp_path: Path, away: bool) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.working() as worker:
            await stage.pass_time(10.3)
            stage.store.failing["rouse"] = away
            told = stage.clock.monotonic()
            worker.stop()
            await asyncio.sleep(0)
            await stage.crews[worker].join()
            assert (stage.clock.monotonic() - told > 0.5) is away

    play(tmp_path, scene)


def test_a_store_that_is_away_for_a_while_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.declare(AccountRules(name="default", on_unknown=OnUnknown.HOLD))
        tickets = [await stage.submit() for _ in range(10)]
        for name in ("claim", "settle", "extend", "reap", "wait", "status", "accounts", "mark_dots"):
            stage.store.failing[name] = 3
        async with stage.working(connections=2):
            for ticket in tickets:
                while (await stage.store._store.status([ticket.id]))[0].stage is not Place.DONE:
                    await stage.pass_time(1)
        assert sorted(stage.server.ids) == sorted(ticket.id for ticket in tickets)

    play(tmp_path, scene)


def test_gives_back_later_what_the_store_did_not_take_back(tmp_path: Path) -> None:
    async def slow(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
        await asyncio.sleep(30)
        return taken(claim, recipients)

    async def scene(stage: Stage) -> None:
        stage.server.answers["default"] = slow
        tickets = [await stage.submit() for _ in range(3)]
        stage.store.failing["give_back"] = 2
        async with stage.working(connections=1):
            await stage.pass_time(1)
        assert [(await stage.office.status(ticket)).stage for ticket in tickets[1:]] == [Place.WAITING] * 2

    play(tmp_path, scene)


def test_ends_when_the_store_stays_away(tmp_path: Path) -> None:
    async def slow(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
        await asyncio.sleep(400)
        return taken(claim, recipients)

    async def scene(stage: Stage) -> None:
        stage.server.answers["default"] = slow
        for _ in range(2):
            await stage.submit()
        coordinator = stage.coordinator(connections=1)
        running = asyncio.create_task(coordinator.run())
        await stage.pass_time(1)
        for name in ("claim", "reap", "extend", "settle", "status"):
            stage.store.failing[name] = 10_000
        with pytest.raises(StoreUnavailable):
            await running
        await stage.crews[coordinator].join()
        # By then its leases are over, so that nothing was completed.
        assert stage.server.carried == []
        assert 300 <= stage.clock.monotonic() < 410

    play(tmp_path, scene)


def test_ends_at_once_when_the_store_is_damaged(tmp_path: Path) -> None:
    async def find_damage(*_: object) -> None:
        error = StoreUnavailable("the file is damaged")
        error.retry = Retry.NEVER
        raise error

    async def scene(stage: Stage) -> None:
        coordinator = stage.coordinator()
        stage.store.before["claim"] = find_damage
        with pytest.raises(StoreUnavailable, match="damaged"):
            await coordinator.run()
        await stage.crews[coordinator].join()
        assert stage.clock.monotonic() < 10

    play(tmp_path, scene)


def test_takes_over_what_a_dead_worker_had(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        ticket = await stage.submit()
        await stage.store.claim("somebody who is gone", 10, 60.0)
        async with stage.working():
            assert (await stage.office.wait(ticket, 200)).stage is Place.DONE
        assert stage.server.begun[ticket.id] == 1

    play(tmp_path, scene)


def test_keeps_its_lease_while_a_server_takes_its_time(tmp_path: Path) -> None:
    async def slow(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
        await asyncio.sleep(500)
        return taken(claim, recipients)

    async def scene(stage: Stage) -> None:
        stage.server.answers["default"] = slow
        ticket = await stage.submit()
        async with stage.working(), stage.working():
            assert (await stage.office.wait(ticket, 600)).stage is Place.DONE
        assert stage.server.ids == [ticket.id]

    play(tmp_path, scene)


def test_a_worker_that_was_stopped_past_its_lease_writes_no_dot(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async def stopped(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
            # Nothing of the process runs meanwhile, its heartbeat included.
            asyncio.get_running_loop().jumping.passed += 100  # type: ignore[attr-defined]
            return taken(claim, recipients)

        answers = iter([stopped])

        def answer(claim: Claim, recipients: tuple[str, ...]) -> Attempt | Coroutine[Any, Any, Attempt]:
            return next(answers, taken)(claim, recipients)

        stage.server.answers["default"] = answer
        ticket = await stage.submit()
        async with stage.working():
            assert (await stage.office.wait(ticket, 600)).stage is Place.DONE
        assert stage.server.begun[ticket.id] == 2
        assert stage.server.ids == [ticket.id]

    play(tmp_path, scene)


def test_a_mail_that_is_cancelled_while_it_is_carried_is_not_completed(tmp_path: Path) -> None:
    async def slow(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
        await asyncio.sleep(10)
        return taken(claim, recipients)

    async def scene(stage: Stage) -> None:
        stage.server.answers["default"] = slow
        tickets = [await stage.submit() for _ in range(2)]
        async with stage.working(connections=1):
            await stage.pass_time(1)
            assert await stage.office.cancel(tickets) == {ticket.id for ticket in tickets}
            for ticket in tickets:
                status = await stage.office.wait(ticket, 60)
                assert status.recipients[0].state is State.CANCELLED
        assert stage.server.carried == []
        # The second was never begun.
        assert stage.server.begun[tickets[1].id] == 0

    play(tmp_path, scene)


def test_the_heartbeat_tells_of_cancelled_and_lost_mail(tmp_path: Path) -> None:
    async def slow(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
        await asyncio.sleep(50)
        return taken(claim, recipients)

    async def scene(stage: Stage) -> None:
        stage.server.answers["default"] = slow
        stage.store.failing["status"] = 0
        first, second = await stage.submit(), await stage.submit()
        async with stage.working(connections=2):
            await stage.pass_time(1)
            stage.store.failing["status"] = 10_000
            await stage.store.cancel([first.id])
            (claim,) = [
                work.claim
                for coordinator in stage.crews
                for work in coordinator._works.values()
                if work.claim.id == second.id
            ]
            await stage.store.give_back([claim])
            await stage.pass_time(25)
            stage.store.failing["status"] = 0
            assert (await stage.office.wait(first, 60)).recipients[0].state is State.CANCELLED
            assert (await stage.office.wait(second, 200)).stage is Place.DONE
        assert stage.server.ids == [second.id]

    play(tmp_path, scene)


def test_serves_the_accounts_that_it_is_told(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        mine, other = await stage.submit(account="mine"), await stage.submit(account="other")
        async with stage.working(accounts=("mine",)):
            await stage.pass_time(10)
        assert [(await stage.office.status(one)).stage for one in (mine, other)] == [
            Place.DONE,
            Place.WAITING,
        ]

    play(tmp_path, scene)


def test_delivers_these_and_ends(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        tickets = [await stage.submit() for _ in range(5)]
        await stage.deliver(*(ticket.id for ticket in tickets[:3]))
        assert sorted(stage.server.ids) == sorted(ticket.id for ticket in tickets[:3])
        await stage.deliver(tickets[0].id)
        assert len(stage.server.ids) == 3
        assert stage.clock.monotonic() < 5

    play(tmp_path, scene)


def test_delivers_nothing_where_no_connection_is_left(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.declare(AccountRules(name="default", limits=Limits(connections=1)))
        ticket = await stage.submit()
        assert await stage.store.connections("another worker", "default", 1, 60.0) == 1
        await stage.deliver(ticket.id)
        assert (await stage.office.status(ticket)).stage is Place.WAITING

    play(tmp_path, scene)


def test_a_clock_that_is_set_meanwhile_changes_nothing(tmp_path: Path) -> None:
    async def slow(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
        await asyncio.sleep(40)
        return taken(claim, recipients)

    async def scene(stage: Stage) -> None:
        stage.server.answers["default"] = slow
        tickets = [await stage.submit() for _ in range(4)]
        async with stage.working(connections=1), stage.working(connections=1):
            await stage.pass_time(5)
            stage.clock.shift = timedelta(hours=12)
            await stage.pass_time(30)
            stage.clock.shift = timedelta(hours=-1)
            for ticket in tickets:
                assert (await stage.office.wait(ticket, 10_000)).stage is Place.DONE
        assert sorted(stage.server.ids) == sorted(ticket.id for ticket in tickets)

    play(tmp_path, scene)
