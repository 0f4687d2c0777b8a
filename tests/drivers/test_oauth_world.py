from __future__ import annotations

import asyncio
import threading
import webbrowser
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from envoi.drivers.https import HTTPOptions
from envoi.drivers.oauth_world import BlockingWorld, open_browser, random_bytes
from envoi.drivers.oauth_world_aio import AsyncioWorld

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("make", [BlockingWorld, AsyncioWorld])
def test_chance_is_chance(make: Callable[[HTTPOptions], BlockingWorld | AsyncioWorld]) -> None:
    world = make(HTTPOptions())
    secrets = {world.secret() for _ in range(9)}
    assert len(secrets) == 9
    assert {len(secret) for secret in secrets} == {43}
    assert 0 <= world.fraction() <= 1
    assert len(random_bytes(16)) == 16
    with closing(world.listen("127.0.0.1", 0)) as listener:
        assert listener.port


def test_the_browser_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    closed, opened = threading.Event(), threading.Event()
    addresses: list[str] = []

    def show(url: str) -> bool:
        addresses.append(url)
        opened.set()
        return closed.wait(30)

    monkeypatch.setattr(webbrowser, "open", show)
    open_browser("https://login.example.org/")
    assert opened.wait(30)
    closed.set()
    assert addresses == ["https://login.example.org/"]


@pytest.mark.parametrize("fails", [False, True])
def test_a_cancelled_flow_runs_to_its_end_first(fails: bool) -> None:
    done: list[str] = []

    async def flow(go: asyncio.Event) -> None:
        await go.wait()
        done.append("stored")
        if fails:
            raise ValueError

    async def go() -> None:
        world, gate = AsyncioWorld(HTTPOptions()), asyncio.Event()
        task = asyncio.ensure_future(world.undisturbed(flow(gate)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert done == ["stored"]

    asyncio.run(go())


def test_a_flow_that_ends_with_the_loop_is_let_go() -> None:
    async def go() -> None:
        world = AsyncioWorld(HTTPOptions())
        task = asyncio.ensure_future(world.undisturbed(asyncio.sleep(60)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for each in asyncio.all_tasks() - {asyncio.current_task()}:
            each.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
