"""A store in which a million messages wait, and how long looking and claiming take in it."""

from __future__ import annotations

from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from bench.outbox.letters import delivered, letter
from envoi.drivers.sqlite_store import accepting, open_store
from envoi.drivers.sqlite_store.opening import open_writer
from envoi.drivers.sqlite_store.transaction import Transaction
from envoi.outbox.model import Query, Stage, State
from envoi.session.run import run_sync

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path
    from typing import Any

__all__ = ["crowd"]

ACCOUNTS = 5
TRIES = 15


def _fill(path: Path, count: int) -> None:
    """Put so many small messages there, without waiting for the disk."""
    connection = open_writer(path)
    connection.execute("PRAGMA synchronous = OFF")
    for begun in range(0, count, 10_000):
        connection.execute("BEGIN IMMEDIATE")
        letters = [
            letter(account=f"account{number % ACCOUNTS}", content=b"Subject: Report\r\n\r\nAttached.\r\n")
            for number in range(min(10_000, count - begun))
        ]
        accepting.put(Transaction(cursor=connection.cursor(), now=0), letters)
        connection.execute("COMMIT")
    connection.close()


def crowd(folder: Path, count: int) -> dict[str, float]:
    """Return the milliseconds that each look takes, the median of some."""
    path = folder / "outbox.db"
    store = open_store(path)
    run_sync(store.stats())
    _fill(path, count)

    def timed(look: Callable[[], Coroutine[Any, Any, object]]) -> float:
        spent: list[float] = []
        for _ in range(TRIES):
            begun = perf_counter()
            run_sync(look())
            spent.append(perf_counter() - begun)
        return median(spent) * 1000

    async def cycle() -> None:
        claims = (await store.claim("worker", 100, 60)).claims
        await store.settle([delivered(claim) for claim in claims])

    taken = {
        "stats": timed(store.stats),
        "list": timed(lambda: store.find(Query())),
        "list of an account": timed(lambda: store.find(Query(account="account3"))),
        "list of what waits": timed(lambda: store.find(Query(stage=Stage.WAITING))),
        "list of what failed": timed(lambda: store.find(Query(state=State.FAILED))),
        "claim and settle 100": timed(cycle),
    }
    run_sync(store.close())
    return taken
