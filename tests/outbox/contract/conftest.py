"""Runs every test of this folder in each colour of each engine."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

from envoi.session.run import run_sync
from tests.drivers.colours import run_asyncio
from tests.outbox.contract.arena import Arena
from tests.outbox.contract.engines import COLOURS, ENGINES

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

# An engine that is a server of its own needs its program.
PROGRAMS = {"postgres": pytest.mark.programs("initdb")}
VARIANTS = [
    pytest.param((engine, colour), id=f"{engine}-{colour}", marks=PROGRAMS.get(engine, ()))
    for engine in ENGINES
    for colour in COLOURS
]


@pytest.fixture(params=VARIANTS)
def arena(request: pytest.FixtureRequest) -> Arena:
    engine, colour = request.param
    run: Callable[[Coroutine[Any, Any, Any]], Any] = run_sync if colour == "blocking" else run_asyncio
    return Arena(colour, run, ENGINES[engine](request, colour))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arena = pyfuncitem.funcargs["arena"]
    assert isinstance(arena, Arena)
    names = inspect.signature(pyfuncitem.obj).parameters
    scenario = pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})
    arena.run(_played(arena, scenario))
    return True


async def _played(arena: Arena, scenario: Coroutine[Any, Any, Any]) -> None:
    try:
        await scenario
    finally:
        await arena.close()
