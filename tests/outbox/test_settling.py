"""What a worker makes of what servers say: for recipients, for messages, for accounts."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from envoi.errors import (
    Accepted,
    ConnectionFailed,
    Disconnected,
    Phase,
)
from envoi.outbox.account_rules import AccountRules, Limits, OnUnknown
from envoi.outbox.courier import Attempt
from envoi.outbox.model import Stage as Place
from envoi.outbox.model import State
from envoi.outbox.policy import Backoff
from tests.outbox.stage import QUEUED, Stage, play, taken
from tests.outbox.values import START, reply

if TYPE_CHECKING:
    from pathlib import Path

    from envoi.outbox.model import Claim


def test_a_slow_server_holds_up_its_own_account_alone(tmp_path: Path) -> None:
    async def stuck(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
        await asyncio.sleep(500)
        return taken(claim, recipients)

    async def scene(stage: Stage) -> None:
        stage.server.answers["slow"] = stuck
        slow = [await stage.submit(account="slow") for _ in range(20)]
        fast = [await stage.submit(account="fast") for _ in range(20)]
        async with stage.working(connections=2):
            for ticket in fast:
                assert (await stage.office.wait(ticket, 20)).stage is Place.DONE
            assert (await stage.office.status(slow[0])).stage is Place.CLAIMED
            await stage.store.cancel([ticket.id for ticket in slow])

    play(tmp_path, scene)


def test_only_the_deferred_are_tried_again(tmp_path: Path) -> None:
    answers = iter(
        [
            Attempt(
                accepted=("b@example.org",),
                refused={"c@example.org": reply("451 4.3.0 later"), "d@example.org": reply("550 5.1.1 no")},
                reply=QUEUED,
            ),
            Attempt(accepted=("c@example.org",), reply=QUEUED),
        ]
    )

    async def scene(stage: Stage) -> None:
        offered: list[tuple[str, ...]] = []

        def answer(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
            offered.append(recipients)
            return next(answers)

        stage.server.answers["default"] = answer
        ticket = await stage.submit("b@example.org", "c@example.org", "d@example.org")
        async with stage.working():
            status = await stage.office.wait(ticket, 3600)
        assert offered == [("b@example.org", "c@example.org", "d@example.org"), ("c@example.org",)]
        assert [one.state for one in status.recipients] == [State.DELIVERED, State.DELIVERED, State.FAILED]
        assert [status.id for status in stage.failed] == [ticket.id]
        assert 59 <= stage.server.carried[1][0] <= 62

    play(tmp_path, scene)


def test_gives_up_when_the_time_is_over(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        stage.server.answers["default"] = lambda *_: Attempt(
            refused={"b@example.org": reply("451 4.3.0 later")}
        )
        ticket = await stage.submit(expires_at=START + timedelta(minutes=20))
        async with stage.working(backoff=Backoff(base=10)):
            status = await stage.office.wait(ticket, 3600)
        (recipient,) = status.recipients
        assert recipient.state is State.FAILED
        assert recipient.reply == reply("451 4.3.0 later")
        assert recipient.attempts > 5
        assert stage.clock.now() - START < timedelta(minutes=21)

    play(tmp_path, scene)


def test_what_expired_while_nobody_worked_fails_untried(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        ticket = await stage.submit(expires_at=START + timedelta(minutes=1))
        await stage.pass_time(100)
        async with stage.working():
            status = await stage.office.wait(ticket, 60)
        assert status.recipients[0].state is State.FAILED
        assert stage.server.begun[ticket.id] == 0

    play(tmp_path, scene)


def test_a_server_that_is_down_is_probed_by_one(tmp_path: Path) -> None:
    up_at = 100.0

    async def scene(stage: Stage) -> None:
        tries: list[float] = []

        def answer(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
            tries.append(stage.clock.monotonic())
            if stage.clock.monotonic() < up_at:
                return Attempt(error=ConnectionFailed("nobody there", phase=Phase.CONNECT))
            return taken(claim, recipients)

        stage.server.answers["default"] = answer
        tickets = [await stage.submit() for _ in range(20)]
        async with stage.working(connections=4):
            for ticket in tickets:
                status = await stage.office.wait(ticket, 1000)
                # None of it was a try of the message's own.
                assert [one.attempts for one in status.recipients] == [1]
        probes = [moment for moment in tries if 1 < moment < up_at]
        assert 3 <= len(probes) <= 6
        ((_, state),) = await stage.office.accounts()
        assert (state.failures, state.paused_until, state.probing) == (0, 0, False)

    play(tmp_path, scene)


def test_another_account_takes_over_while_a_server_is_down(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.declare(AccountRules(name="first", failover="second"))
        stage.server.answers["first"] = lambda *_: Attempt(
            error=ConnectionFailed("nobody there", phase=Phase.CONNECT)
        )
        tickets = [await stage.submit(account="first") for _ in range(20)]
        async with stage.working():
            for ticket in tickets:
                assert (await stage.office.wait(ticket, 120)).stage is Place.DONE
        assert {account for _, account, _, _, _ in stage.server.carried} == {"second"}

    play(tmp_path, scene)


def test_what_goes_on_with_another_account_does_not_wait_for_the_first(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.declare(AccountRules(name="first", failover="second"))
        stage.server.answers["first"] = lambda *_: Attempt(
            error=ConnectionFailed("nobody there", phase=Phase.CONNECT)
        )
        ticket = await stage.submit(account="first")
        async with stage.working():
            await stage.office.wait(ticket, 120)
            # Later looks find nothing to hand over, and then this.
            await stage.pass_time(6)
            late = await stage.submit(account="first")
            assert (await stage.office.wait(late, 6)).stage is Place.DONE
        # It paused for 5 and for 10 seconds, and pauses now for 20.
        assert stage.server.carried[0][0] < 17

    play(tmp_path, scene)


def test_what_is_not_tried_is_no_probe(tmp_path: Path) -> None:
    up_at = 1000.0

    async def scene(stage: Stage) -> None:
        def answer(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
            if stage.clock.monotonic() < up_at:
                return Attempt(error=ConnectionFailed("nobody there", phase=Phase.CONNECT))
            return taken(claim, recipients)

        stage.server.answers["default"] = answer
        too_late = START + timedelta(seconds=up_at)
        given_up = [await stage.submit(expires_at=too_late) for _ in range(50)]
        async with stage.working():
            await stage.pass_time(up_at)
            ticket = await stage.submit()
            # The longest pause is ten minutes.
            assert (await stage.office.wait(ticket, 620)).stage is Place.DONE
            assert all([(await stage.office.wait(one, 0)).stage is Place.DONE for one in given_up])

    play(tmp_path, scene)


def test_a_probe_that_is_given_back_leaves_the_way_free(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.declare(AccountRules(name="default", limits=Limits(connections=1)))
        stage.server.answers["default"] = lambda *_: Attempt(
            error=ConnectionFailed("nobody there", phase=Phase.CONNECT)
        )
        ticket = await stage.submit()
        async with stage.working():
            await stage.pass_time(3)
        del stage.server.answers["default"]
        await stage.store.connections("somebody else", "default", 1, 20.0)
        async with stage.working():
            assert (await stage.office.wait(ticket, 30)).stage is Place.DONE

    play(tmp_path, scene)


def test_a_server_that_wants_less_gets_less(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        refused = iter([True])

        def answer(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
            if next(refused, False):
                gone = reply("421 4.7.0 too fast")
                return Attempt(error=Disconnected("hung up", phase=Phase.MAIL, reply=gone))
            return taken(claim, recipients)

        stage.server.answers["default"] = answer
        tickets = [await stage.submit() for _ in range(200)]
        async with stage.working():
            for ticket in tickets:
                await stage.office.wait(ticket, 1000)
        moments = sorted(carried[0] for carried in stage.server.carried if carried[0] > 20)
        early = [later - earlier for earlier, later in pairwise(moments[:11])]
        assert min(early[1:]) > 0.05
        assert (await stage.office.accounts())[0][1].pace < 0.1

    play(tmp_path, scene)


def test_stays_within_the_rate_of_an_account(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.declare(AccountRules(name="default", limits=Limits(messages_per_second=10)))
        tickets = [await stage.submit() for _ in range(60)]
        async with stage.working(), stage.working():
            for ticket in tickets:
                await stage.office.wait(ticket, 60)
        moments = sorted(carried[0] for carried in stage.server.carried)
        assert all(later - earlier >= 1 for earlier, later in zip(moments, moments[10:], strict=False))
        assert moments[-1] < 6.6

    play(tmp_path, scene)


def test_connections_are_shared_between_workers(tmp_path: Path) -> None:
    async def slow(claim: Claim, recipients: tuple[str, ...]) -> Attempt:
        await asyncio.sleep(0.5)
        return taken(claim, recipients)

    async def scene(stage: Stage) -> None:
        await stage.declare(AccountRules(name="default", limits=Limits(connections=3)))
        stage.server.answers["default"] = slow
        tickets = [await stage.submit() for _ in range(40)]
        async with stage.working(connections=2), stage.working(connections=2), stage.working(connections=2):
            for ticket in tickets:
                await stage.office.wait(ticket, 200)
            await stage.pass_time(60)
            # Those who have nothing to do have let go.
            assert (await stage.office.accounts())[0][1].connections == {}
        assert stage.server.most_open["default"] <= 3
        assert len(stage.server.carried) == 40

    play(tmp_path, scene)


def test_silence_behind_the_dot_is_resent_by_default(tmp_path: Path) -> None:
    silence = Disconnected(
        "silence", phase=Phase.FINAL, accepted=Accepted.MAYBE, recipients=["b@example.org"]
    )
    answers = iter([Attempt(error=silence)])

    async def scene(stage: Stage) -> None:
        stage.server.answers["default"] = lambda claim, recipients: next(answers, taken(claim, recipients))
        ticket = await stage.submit()
        async with stage.working():
            assert (await stage.office.wait(ticket, 600)).recipients[0].state is State.DELIVERED

    play(tmp_path, scene)


def test_silence_behind_the_dot_is_held_where_that_is_wanted(tmp_path: Path) -> None:
    silence = Disconnected(
        "silence", phase=Phase.FINAL, accepted=Accepted.MAYBE, recipients=["b@example.org"]
    )

    async def scene(stage: Stage) -> None:
        await stage.declare(AccountRules(name="default", on_unknown=OnUnknown.HOLD))
        stage.server.answers["default"] = lambda *_: Attempt(error=silence)
        ticket = await stage.submit()
        async with stage.working():
            status = await stage.office.wait(ticket, 600)
            assert (status.stage, status.recipients[0].state) == (Place.HELD, State.UNKNOWN)
            assert stage.store.calls["mark_dots"] == 1
            del stage.server.answers["default"]
            assert await stage.office.release([ticket]) == {ticket.id}
            assert (await stage.office.wait(ticket, 60)).recipients[0].state is State.DELIVERED

    play(tmp_path, scene)


def test_backoff_is_as_it_is_told(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        answers = iter([Attempt(refused={"b@example.org": reply("451 later")})])
        stage.server.answers["default"] = lambda claim, recipients: next(answers, taken(claim, recipients))
        ticket = await stage.submit()
        async with stage.working(backoff=Backoff(base=1000, cap=1000), jitter=lambda: 0.5):
            await stage.office.wait(ticket, 2000)
        assert 499 <= stage.server.carried[0][0] <= 503

    play(tmp_path, scene)
