"""Eight accounts, four worker processes, one limit each: it holds in every second, and is used.

What leaves when is the claims' `not_before`; a process hands each message over at that instant, or as
soon after it as the machine lets it.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from envoi.drivers import postgres_store, sqlite_store
from envoi.outbox.account_rules import AccountRules, Limits
from envoi.outbox.account_state import AHEAD
from envoi.outbox.model import State
from envoi.session.run import run_sync
from tests.drivers.postgres_store.emptied import emptied
from tests.drivers.postgres_store.letters import fresh
from tests.outbox.contract.arena import result

if TYPE_CHECKING:
    from envoi.outbox.model import Claim
    from envoi.outbox.store import Store

LIMIT = 60
SECONDS = 4.0
ACCOUNTS = [f"account{number}" for number in range(8)]
Departures = list[tuple[str, float, float]]


def opened(engine: str, place: str) -> Store:
    return postgres_store.open_store(place) if engine == "postgres" else sqlite_store.open_store(place)


def work(engine: str, place: str, number: int, together: Any, answer: Any) -> None:
    """Be a worker process; say which account's message was to leave when, when it did, and when one asked."""
    store, pause = opened(engine, place), threading.Event()
    pending: list[Claim] = []
    departed: Departures = []
    asked: list[float] = []
    together.wait()
    begins_at = time.time()
    while (now := time.time()) < begins_at + SECONDS or pending:
        if now < begins_at + SECONDS:
            asked.append(now)
            pending += run_sync(store.claim(f"worker{number}", 100, 60.0)).claims
        pending.sort(key=lambda claim: claim.not_before)
        sent: list[Claim] = []
        until = time.time() + 0.05
        while pending and (due := pending[0].not_before.timestamp()) < until:
            pause.wait(max(0.0, due - time.time()))
            sent.append(pending.pop(0))
            departed.append((sent[-1].account, due, time.time()))
        run_sync(store.settle([result(claim, State.DELIVERED) for claim in sent]))
        pause.wait(max(0.0, until - time.time()))
    run_sync(store.close())
    answer.put((departed, asked))


def departures(engine: str, place: str) -> tuple[Departures, float]:
    """What four processes send, and for how many seconds the machine let nobody claim what was to leave."""
    context = multiprocessing.get_context("spawn")
    answers, together = context.Queue(), context.Barrier(4)
    workers = [
        context.Process(target=work, args=(engine, place, number, together, answers)) for number in range(4)
    ]
    for worker in workers:
        worker.start()
    told = [answers.get(timeout=110) for _ in workers]
    for worker in workers:
        worker.join()
    found = [one for departed, _ in told for one in departed]
    asked = sorted(instant for _, instants in told for instant in instants)
    begun_at = min(due for _, due, _ in found)
    idle = sum(max(0.0, later - earlier - AHEAD) for earlier, later in pairwise(asked))
    return [(account, due - begun_at, left - begun_at) for account, due, left in found], idle


@pytest.mark.slow
@pytest.mark.parametrize("engine", [pytest.param("postgres", marks=pytest.mark.programs("initdb")), "sqlite"])
def test_limits_hold_over_processes_and_are_used(engine: str, request: pytest.FixtureRequest) -> None:
    if engine == "postgres":
        place = emptied(request.getfixturevalue("postgresql"))
    else:
        place = str(request.getfixturevalue("tmp_path") / "outbox.db")
    store = opened(engine, place)
    limits = Limits(messages_per_second=LIMIT)
    run_sync(store.declare([AccountRules(name=name, limits=limits) for name in ACCOUNTS]))
    for name in ACCOUNTS:
        run_sync(store.put([fresh(account=name) for _ in range(int(LIMIT * (SECONDS + 2)))]))
    run_sync(store.close())

    by_account: dict[str, list[float]] = defaultdict(list)
    found, idle = departures(engine, place)
    for account, due, left in found:
        assert left >= due
        by_account[account].append(due)
    assert sorted(by_account) == ACCOUNTS
    for instants in by_account.values():
        instants.sort()
        assert all(later - earlier > 0.99 / LIMIT for earlier, later in pairwise(instants))
        # A window that begins with a departure is as full as any.
        busiest = max(sum(begin <= one < begin + 1 for one in instants) for begin in instants)
        assert busiest <= LIMIT
        # From its first message on: which account is served first, and when, is the machine's affair.
        assert len(instants) - 1 >= 0.95 * LIMIT * (instants[-1] - instants[0] - idle)
        assert len(instants) > 0.8 * LIMIT * (SECONDS - idle)
