"""Flows beside each other, and the channels between them, in both colours."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from envoi.drivers.crew import ThreadCrew
from envoi.drivers.crew_aio import TaskCrew
from envoi.session.run import run_sync

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from envoi.outbox.desk import Channel, Crew

    Play = Callable[[Callable[[Crew], Coroutine[Any, Any, None]]], None]


@pytest.fixture(params=["threads", "tasks"])
def play(request: pytest.FixtureRequest) -> Play:
    def in_threads(scene: Callable[[Crew], Coroutine[Any, Any, None]]) -> None:
        run_sync(scene(ThreadCrew()))

    def in_tasks(scene: Callable[[Crew], Coroutine[Any, Any, None]]) -> None:
        async def begin() -> None:
            await scene(TaskCrew())

        asyncio.run(begin())

    return in_threads if request.param == "threads" else in_tasks


def test_what_one_puts_another_gets_in_order(play: Play) -> None:
    async def scene(crew: Crew) -> None:
        there: Channel[int] = crew.channel()
        back: Channel[int] = crew.channel()

        async def double() -> None:
            while (number := await there.get(5)) is not None and number:
                back.put(2 * number)

        crew.start(double())
        for number in (1, 2, 3, 0):
            there.put(number)
        assert [await back.get(5) for _ in range(3)] == [2, 4, 6]
        await crew.join()
        assert back.poll() is None

    play(scene)


def test_an_empty_channel_is_waited_for_no_longer_than_allowed(play: Play) -> None:
    async def scene(crew: Crew) -> None:
        channel: Channel[int] = crew.channel()
        assert await channel.get(0.01) is None
        assert await channel.get(0) is None
        channel.put(1)
        assert channel.poll() == 1
        channel.put(2)
        assert await channel.get(0) == 2

    play(scene)


def test_a_flow_that_fails_is_logged_and_harms_no_other(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    async def scene(crew: Crew) -> None:
        done: Channel[bool] = crew.channel()

        async def fail() -> None:
            raise ValueError("a bug")

        async def work() -> None:
            done.put(True)

        crew.start(fail())
        crew.start(work())
        await crew.join()
        assert done.poll()

    with caplog.at_level(logging.ERROR):
        play(scene)
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_a_wait_that_is_cancelled_cancels_the_tasks() -> None:
    ended: list[str] = []

    async def scene() -> None:
        crew = TaskCrew()

        async def wait() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("cancelled")

        crew.start(wait())
        joining = asyncio.create_task(crew.join())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        joining.cancel()
        with pytest.raises(asyncio.CancelledError):
            await joining
        await crew.join()

    asyncio.run(scene())
    assert ended == ["cancelled"]


def test_what_was_given_to_a_task_that_is_cancelled_is_not_lost() -> None:
    async def scene() -> None:
        channel = TaskCrew().channel()
        getting = [asyncio.create_task(channel.get(5)) for _ in range(3)]
        await asyncio.sleep(0)
        getting[0].cancel()
        channel.put(1)
        getting[1].cancel()
        channel.put(2)
        assert await getting[2] == 2
        results = await asyncio.gather(*getting[:2], return_exceptions=True)
        assert [type(one) for one in results] == [asyncio.CancelledError] * 2
        assert channel.poll() == 1
        assert channel.poll() is None

    asyncio.run(scene())
