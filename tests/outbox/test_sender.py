"""One sender: what it makes sure of before a message is complete."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from envoi.drivers.crew_aio import TaskChannel, TaskCrew
from envoi.errors import ConfigError, StoreUnavailable
from envoi.outbox.account_rules import AccountRules, OnUnknown
from envoi.outbox.courier import Attempt
from envoi.outbox.desk import Answer, Asked, Ended, Outcome, Work
from envoi.outbox.lanes import Lanes
from envoi.outbox.sender import Sender
from envoi.outbox.standing import Standing
from tests.outbox.stage import Server, Stage, play
from tests.outbox.values import claim

if TYPE_CHECKING:
    from pathlib import Path


class Bench:
    """A sender alone, with the test in the coordinator's place."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.work: TaskChannel[Any] = TaskChannel()
        self.news: TaskChannel[Any] = TaskChannel()
        self.answers: TaskChannel[Answer] = TaskChannel()
        self.standing = Standing(stage.store, stage.clock)
        self.sender = Sender(
            "default",
            courier=stage.server.courier("default"),
            store=stage.store,
            clock=stage.clock,
            work=self.work,
            news=self.news,
            answers=self.answers,
            standing=self.standing,
        )

    def give(self, attempt: int = 1, held: float = 60, early: float = 0, **changes: Any) -> Work:
        """Hand it a message."""
        now = self.stage.clock.monotonic()
        made = Work(claim(attempt=attempt, **changes), leave_at=now + early, held_until=now + held)
        self.work.put(made)
        return made

    async def hear(self) -> Any:
        """What it says next."""
        return await self.news.get(1000)


def test_completes_nothing_before_its_last_outcome_is_on_disk(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        bench = Bench(stage)
        running = asyncio.create_task(bench.sender.run())
        first, second = bench.give(), bench.give(2)
        assert (await bench.hear()).work is first
        await stage.pass_time(5)
        assert len(stage.server.carried) == 1
        bench.answers.put(Answer(work=first))
        assert (await bench.hear()).work is second
        assert len(stage.server.carried) == 2
        bench.work.put(None)
        await running
        assert isinstance(await bench.hear(), Ended)

    play(tmp_path, scene)


def test_has_its_connection_before_the_message_is_to_leave(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        stage.server.handshake = lambda: asyncio.sleep(0.3)
        bench = Bench(stage)
        running = asyncio.create_task(bench.sender.run())
        work = bench.give(early=0.5)
        assert (await bench.hear()).work is work
        assert [instant for instant, *_ in stage.server.carried] == [work.leave_at]
        bench.work.put(None)
        await running

    play(tmp_path, scene)


def test_a_connection_that_fails_early_is_an_attempt_that_failed(tmp_path: Path) -> None:
    async def fail() -> None:
        raise ConfigError("there is no such account")

    async def scene(stage: Stage) -> None:
        stage.server.handshake = fail
        bench = Bench(stage)
        running = asyncio.create_task(bench.sender.run())
        bench.give(early=0.5)
        assert isinstance((await bench.hear()).result.error, ConfigError)
        bench.work.put(None)
        await running

    play(tmp_path, scene)


def test_gives_up_when_nobody_answers_while_the_lease_holds(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        bench = Bench(stage)
        running = asyncio.create_task(bench.sender.run())
        bench.give()
        late = bench.give(2, held=30)
        await bench.hear()
        outcome = await bench.hear()
        assert isinstance(outcome, Outcome)
        assert (outcome.work, outcome.result) == (late, None)
        assert len(stage.server.carried) == 1
        await running

    play(tmp_path, scene)


def test_waits_for_the_answer_that_is_about_this_message(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.declare(AccountRules(name="default", on_unknown=OnUnknown.HOLD))
        bench = Bench(stage)
        await bench.standing.refresh()
        running = asyncio.create_task(bench.sender.run())
        work = bench.give()
        asked = await bench.hear()
        assert isinstance(asked, Asked)
        bench.answers.put(Answer(work=Work(claim(), leave_at=0, held_until=0)))
        bench.answers.put(Answer(work=work, granted=False))
        outcome = await bench.hear()
        assert (outcome.result, work.lost) == (None, True)
        assert stage.server.carried == []
        await running

    play(tmp_path, scene)


def test_a_content_that_cannot_be_had_is_an_attempt_that_failed(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        bench = Bench(stage)
        running = asyncio.create_task(bench.sender.run())
        stage.store.failing["content"] = 1
        bench.give(content=None)
        outcome = await bench.hear()
        assert isinstance(outcome.result, Attempt)
        assert isinstance(outcome.result.error, StoreUnavailable)
        await running

    play(tmp_path, scene)


def test_work_that_crossed_an_ending_sender_gets_another(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        crew = TaskCrew()
        news: TaskChannel[Any] = TaskChannel()
        lanes = Lanes(
            "me",
            store=stage.store,
            clock=stage.clock,
            crew=crew,
            standing=Standing(stage.store, stage.clock),
            courier=Server().courier,
            news=news,
            connections=1,
            lease=60,
        )
        work = Work(claim(), leave_at=0, held_until=60)
        assert await lanes.give("default", [work], 1) == []
        lanes.ended("default", [work])
        assert lanes.senders == 1
        assert lanes.drain() == [work]
        lanes.ended("default", [])
        assert lanes.senders == 0
        await stage.pass_time(20)
        await crew.join()

    play(tmp_path, scene)
