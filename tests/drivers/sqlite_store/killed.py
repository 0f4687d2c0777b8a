"""Rounds of killing: ``killed FOLDER ROUNDS`` forks submitters and workers and kills each at a random moment.

Prints one line of JSON: how many puts and settlements were acknowledged, how many of those are missing in the
end, what `check` says, and what was left behind.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from envoi.drivers.sqlite_store import open_store
from envoi.outbox.model import Stage, State
from envoi.session.run import run_sync
from tests.outbox.contract.arena import LEASE, NOON, letter, result

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_LIFE = 0.3
# How many are not killed before they have done something, and how long that may take.
LATE_DEATHS, LONGEST_WAIT = 0.5, 5.0


def submit(path: Path, say: Callable[[str], None]) -> None:
    store = open_store(path, wall=lambda: NOON)
    while True:
        content = b"x" * (300_000 if random.random() < 0.1 else 2000)
        accepted = run_sync(store.put([letter(content=content) for _ in range(random.choice([1, 1, 3]))]))
        for one in accepted:
            say(f"put {one.id}")


def work(path: Path, say: Callable[[str], None]) -> None:
    store = open_store(path, wall=lambda: NOON)
    owner = f"worker {os.getpid()}"
    while True:
        run_sync(store.reap(LEASE))
        for claim in run_sync(store.claim(owner, 5, LEASE)).claims:
            say(f"claim {claim.id}-{claim.attempt}")
            (kept,) = run_sync(store.settle([result(claim, State.DELIVERED)]))
            if kept:
                say(f"settle {claim.id}")


def life(path: Path, what: Callable[[Path, Callable[[str], None]], None]) -> tuple[int, int]:
    """Fork a child that lives `what` until it is killed; return its process and where it can be heard."""
    hears, speaks = os.pipe()
    child = os.fork()
    if child:
        os.close(speaks)
        return child, hears
    os.close(hears)
    random.seed(os.getpid())

    def say(words: str) -> None:
        os.write(speaks, f"{words}\n".encode())

    try:
        what(path, say)
    finally:
        os._exit(1)


def one_round(path: Path) -> list[tuple[str, str]]:
    lives = [life(path, what) for what in (submit, submit, work, work)]
    heard = b""
    for child, hears in lives:
        if random.random() < LATE_DEATHS:
            select.select([hears], [], [], LONGEST_WAIT)
        time.sleep(random.uniform(0.005, LONGEST_LIFE) / len(lives))
        os.kill(child, signal.SIGKILL)
    for child, hears in lives:
        os.waitpid(child, 0)
        with open(hears, "rb") as speech:  # noqa: PTH123 - a descriptor
            heard += speech.read()
    return [(words[0], words[1]) for line in heard.decode().splitlines() if (words := line.split(" "))[1:]]


def main() -> None:
    path, rounds = Path(sys.argv[1]) / "outbox.db", int(sys.argv[2])
    said: list[tuple[str, str]] = []
    for _ in range(rounds):
        said += one_round(path)
    put = {name for word, name in said if word == "put"}
    settled = {name for word, name in said if word == "settle"}
    claims = [name for word, name in said if word == "claim"]
    store = open_store(path, wall=lambda: NOON)
    reaped = run_sync(store.reap(LEASE))
    assert store._opened is not None
    store._opened.owners.clean(())
    statuses = {status.id: status for status in run_sync(store.status(sorted(put | settled)))}
    sys.stdout.write(
        json.dumps(
            {
                "put": len(put),
                "settled": len(settled),
                "lost": len(put - statuses.keys()),
                "unsettled": len([name for name in settled if statuses[name].stage is not Stage.DONE]),
                "claimed twice": len(claims) - len(set(claims)),
                "reaped in the end": reaped,
                "still claimed": run_sync(store.stats()).stages[Stage.CLAIMED],
                "wrong": run_sync(store.check()),
                "owners": len(list((path.with_name("outbox.db.d") / "owners").iterdir())),
            }
        )
    )
    run_sync(store.close())


if __name__ == "__main__":
    main()
