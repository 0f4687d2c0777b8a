"""Sixteen threads that submit, and a real worker beside them whose server takes everything at once.

    python -m bench.outbox.carrying [SECONDS] [CONNECTIONS,CONNECTIONS…]

`mixed` in `figures` has a bare loop of claim and settle in the worker's place; here it is `Worker` and
`AsyncWorker` with couriers that carry nothing, in turn for five rounds. The aim: settled per second at least
0.25 of what the threads submit alone.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench.outbox.turns import ROOT
from envoi import AsyncOutbox, Outbox, RawEmail
from envoi.client import worker as worker_module
from envoi.outbox import AsyncWorker, State, Worker
from envoi.outbox.courier import Attempt
from envoi.smtp.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from envoi.outbox.model import Claim, Content

    Part = Callable[[Path, float, int], None]

THREADS = 16
MAIL = RawEmail(
    b"From: a@example.org\r\nMessage-ID: <1@example.org>\r\nDate: now\r\n\r\n" + (b"x" * 70 + b"\r\n") * 142,
    sender="a@example.org",
    recipients=["b@example.org"],
)


class Nowhere:
    """A courier whose server takes everything at once."""

    def __init__(self, conversation: object) -> None:
        del conversation

    async def deliver(
        self,
        claim: Claim,
        recipients: tuple[str, ...],
        content: Content,
        permit: Callable[[], Awaitable[None]],
    ) -> Attempt:
        """Take it."""
        del claim, content
        await permit()
        return Attempt(accepted=recipients, reply=Reply(code=250, text="ok"))

    async def rest(self) -> None:
        """Nothing is open."""


def submit(path: Path, until: float) -> int:
    """Submit with all threads; return how many mails that were."""
    counts = [0] * THREADS

    def run(number: int) -> None:
        while time.time() < until:
            outbox.submit(MAIL)
            counts[number] += 1

    with Outbox(path) as outbox:
        threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return sum(counts)


def work(path: Path, until: float, connections: int) -> None:
    """Send with threads."""
    with Outbox(path) as outbox:
        worker = Worker(outbox, connections=connections)
        threading.Timer(until - time.time(), worker.stop).start()
        worker.run()


def work_async(path: Path, until: float, connections: int) -> None:
    """Send with tasks."""

    async def run() -> None:
        async with AsyncOutbox(path) as outbox:
            worker = AsyncWorker(outbox, connections=connections)
            asyncio.get_running_loop().call_later(until - time.time(), worker.stop)
            await worker.run()

    asyncio.run(run())


def alone(seconds: float) -> float:
    """What the threads submit a second with nobody beside them."""
    with tempfile.TemporaryDirectory(dir=ROOT / ".cache") as name:
        return submit(Path(name) / "outbox.db", time.time() + seconds) / seconds


def beside(part: Part, connections: int, seconds: float) -> tuple[float, float]:
    """What they submit a second beside a worker, and what that settles."""
    with tempfile.TemporaryDirectory(dir=ROOT / ".cache") as name:
        path, until = Path(name) / "outbox.db", time.time() + seconds
        Outbox(path).stats()
        child = os.fork()
        if not child:
            vars(worker_module)["SessionCourier"] = Nowhere
            try:
                part(path, until, connections)
            finally:
                os._exit(0)
        submitted = submit(path, until) / seconds
        os.waitpid(child, 0)
        return submitted, Outbox(path).stats().settled.get(State.DELIVERED, 0) / seconds


def measure(connections: int, seconds: float, rounds: int) -> None:
    """Measure both workers in turn, and print the medians; a share is that of its round."""
    taken: dict[Part, list[tuple[float, float, float]]] = {work: [], work_async: []}
    for _ in range(rounds):
        most = alone(seconds)
        for part, figures in taken.items():
            submitted, settled = beside(part, connections, seconds)
            figures.append((submitted, settled, settled / most))
    for part, figures in taken.items():
        submitted, settled, share = (median(column) for column in zip(*figures, strict=True))
        print(
            f"{part.__name__}, {connections} connections: {submitted:,.0f}/s submitted, "
            f"{settled:,.0f}/s settled, {share:.2f} of what is submitted alone"
        )


if __name__ == "__main__":
    spent = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    for number in map(int, sys.argv[2].split(",")) if len(sys.argv) > 2 else (4, 16, 64):
        measure(number, spent, rounds=5)
