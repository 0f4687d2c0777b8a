"""`Worker` and `AsyncWorker` as they are, but for the server: it is nowhere, and takes everything at once.

What `figures.mixed` lets work beside sixteen threads that submit.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from envoi import AsyncOutbox, Outbox
from envoi.client import worker as worker_module
from envoi.outbox import AsyncWorker, State, Worker
from envoi.outbox.courier import Attempt
from envoi.smtp.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from envoi.outbox.model import Claim, Content

__all__ = ["work", "work_async"]


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

    async def be_ready(self) -> None:
        """It always is."""

    async def rest(self) -> None:
        """Nothing is open."""


vars(worker_module)["SessionCourier"] = Nowhere


def work(path: Path, seconds: float, connections: int) -> list[float]:
    """Send with threads; return as many shares of the time as mails were settled."""
    with Outbox(path) as outbox:
        before = outbox.stats().settled.get(State.DELIVERED, 0)
        worker = Worker(outbox, connections=connections)
        threading.Timer(seconds, worker.stop).start()
        worker.run()
        settled = outbox.stats().settled.get(State.DELIVERED, 0) - before
    return [seconds / max(settled, 1)] * settled


def work_async(path: Path, seconds: float, connections: int) -> list[float]:
    """Send with tasks, likewise."""

    async def run() -> int:
        async with AsyncOutbox(path) as outbox:
            before = (await outbox.stats()).settled.get(State.DELIVERED, 0)
            worker = AsyncWorker(outbox, connections=connections)
            asyncio.get_running_loop().call_later(seconds, worker.stop)
            await worker.run()
            return (await outbox.stats()).settled.get(State.DELIVERED, 0) - before

    settled = asyncio.run(run())
    return [seconds / max(settled, 1)] * settled
