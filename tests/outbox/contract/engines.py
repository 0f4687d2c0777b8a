"""The engines that the suite tries, each in both colours: how to get at an empty store of theirs.

An entry of `ENGINES` is called once for a test, with the test's request and the colour's name, and returns
what opens a handle on one and the same empty store for a `Clock`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.drivers import postgres_store, sqlite_store
from tests.drivers.postgres_store.emptied import emptied

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from envoi.outbox.store import Store
    from tests.outbox.contract.arena import Clock

    Opened = Callable[[Clock], Store]

COLOURS = ("blocking", "asyncio")


def sqlite(request: pytest.FixtureRequest, colour: str) -> Opened:
    path = request.getfixturevalue("tmp_path") / "outbox.db"
    opener = sqlite_store.open_store if colour == "blocking" else sqlite_store.open_store_async
    return lambda clock: opener(path, wall=clock.now, steady=clock.steady)


def postgres(request: pytest.FixtureRequest, colour: str) -> Opened:
    url = emptied(request.getfixturevalue("postgresql"))
    opener = postgres_store.open_store if colour == "blocking" else postgres_store.open_store_async
    return lambda clock: opener(url, wall=clock.now)


ENGINES: dict[str, Callable[[pytest.FixtureRequest, str], Opened]] = {"sqlite": sqlite, "postgres": postgres}
