"""Both colours behind one face, so that one scenario tests both.

A scenario is an ``async def``; `Colour.run` takes it to its end, by `run_sync` over the blocking
ports or in an event loop of its own, and complains about whatever was left behind.
"""

from __future__ import annotations

import asyncio
import gc
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from envoi.drivers.aio import AsyncioConnector, AsyncioRuntime
from envoi.drivers.blocking import BlockingConnector, BlockingRuntime
from envoi.session.run import run_sync

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from envoi.drivers.stream import NetworkStream
    from envoi.ports import Endpoint

T = TypeVar("T")
SOON = 30.0
"""Seconds: more than anything here takes, less than anybody's patience."""


def run_asyncio(flow: Coroutine[Any, Any, T]) -> T:
    complaints: list[dict[str, Any]] = []

    async def watched() -> T:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        return await flow

    result = asyncio.run(watched())
    gc.collect()
    assert complaints == []
    return result


@dataclass(frozen=True)
class Colour:
    name: str
    run: Callable[[Coroutine[Any, Any, Any]], Any]
    runtime: Callable[[], BlockingRuntime | AsyncioRuntime]
    connector: Callable[..., BlockingConnector | AsyncioConnector]

    def __str__(self) -> str:
        return self.name

    async def connect(self, endpoint: Endpoint, timeout: float | None = SOON) -> NetworkStream:
        return await self.connector().connect(endpoint, timeout)


BLOCKING = Colour("blocking", run_sync, BlockingRuntime, BlockingConnector)
ASYNCIO = Colour("asyncio", run_asyncio, AsyncioRuntime, AsyncioConnector)


@contextmanager
def nothing_left_open() -> Iterator[None]:
    """Count this process's descriptors before and after, where the system shows them."""
    gc.collect()
    before = descriptors()
    yield
    gc.collect()
    assert descriptors() == before


def descriptors() -> set[str]:
    folder = Path("/proc/self/fd")
    found: set[str] = set()
    for link in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # The listing's own is gone by now.
            found.add(f"{link.name} {link.readlink()}")
    return found
