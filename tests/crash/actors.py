"""Who is killed: workers of both colours, and submitters that note what was acknowledged.

Each runs in a process of its own until it is killed or told to end (SIGTERM). A submitter writes a line
before and after each call; whoever comes after it begins with what was not acknowledged, under the same keys.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
import traceback
import zlib
from typing import TYPE_CHECKING, Any

from envoi import AsyncSMTPSession, RawEmail, SMTPSession
from envoi.client import worker as worker_module
from envoi.client.courier import SessionCourier
from envoi.client.outbox import office_of
from envoi.errors import EnvoiError, StoreUnavailable
from envoi.outbox import AsyncWorker, Backoff, Worker
from tests.crash.steps import InFlight, SteppedCourier, Steps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envoi import Outbox
    from tests.crash.place import Place

__all__ = ["read_journal", "spawn", "submit", "work"]

SENDER = "a@example.org"
#: How many mails are submitted at once, now and then.
SEVERAL = 4
IMPATIENT = Backoff(base=0.2, cap=1.0, least=0.05)
#: Bytes of a message: most are small, some go to the spool.
SIZES = (200, 200, 200, 5_000, 100_000, 400_000)


def work(place: Place, name: str, fatal: str, passes: int) -> None:
    """Send until the end."""
    steps, in_flight = Steps(fatal, passes), InFlight(place.folder / f"in-flight-{name}")

    def courier(session: Callable[[], Any]) -> Any:
        return SteppedCourier(SessionCourier(session), steps, in_flight)

    worker_module.__dict__["SessionCourier"] = courier
    (_work_async if random.random() < 0.5 else _work_blocking)(place, steps, in_flight)


def _work_blocking(place: Place, steps: Steps, in_flight: InFlight) -> None:
    with place.outbox(steps=steps) as outbox:
        office_of(outbox).store._in_flight = in_flight  # type: ignore[attr-defined]
        worker = Worker(
            outbox,
            session=lambda _: SMTPSession(**place.session),
            connections=place.connections,
            backoff=IMPATIENT,
        )
        worker._blueprint = _short(worker._blueprint, place.lease)
        signal.signal(signal.SIGTERM, lambda *_: worker.stop())
        worker.run()


def _work_async(place: Place, steps: Steps, in_flight: InFlight) -> None:
    async def run() -> None:
        async with place.outbox(asynchronous=True, steps=steps) as outbox:
            office_of(outbox).store._in_flight = in_flight  # type: ignore[attr-defined]
            worker = AsyncWorker(
                outbox,
                session=lambda _: AsyncSMTPSession(**place.session),
                connections=place.connections,
                backoff=IMPATIENT,
            )
            worker._blueprint = _short(worker._blueprint, place.lease)
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
            await worker.run()

    asyncio.run(run())


def _short(blueprint: Any, lease: float) -> Any:
    """The same with a lease that users may not have, so that nobody waits a minute."""
    object.__setattr__(blueprint, "lease", lease)
    return blueprint


def submit(place: Place, name: str, fatal: str, passes: int) -> None:
    """Submit one mail after the other, and note each."""
    ended: list[bool] = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    journal = place.folder / f"journal-{name}"
    begun, acknowledged = read_journal(journal)
    with journal.open("ab", buffering=0) as written, place.outbox(steps=Steps(fatal, passes)) as outbox:
        todo = [key for key in begun if key not in acknowledged]
        number = len(begun)
        while not ended:
            while len(todo) < (SEVERAL if random.random() < 0.1 else 1):
                todo.append(f"{name}.{number}")
                number += 1
            written.write("".join(f"begin {key}\n" for key in todo).encode())
            try:
                _submit(outbox, {key: _mail(place, key) for key in todo})
            except StoreUnavailable:
                pass  # nothing was acknowledged: the same again, as any program would
            else:
                written.write("".join(f"ack {key}\n" for key in todo).encode())
                todo.clear()
            time.sleep(random.random() * 0.02)  # so that kills fall between submissions as well


def _submit(outbox: Outbox, mails: dict[str, RawEmail]) -> None:
    """Return when all of them are accepted: one by itself, several in one commit."""
    if len(mails) == 1:
        ((key, mail),) = mails.items()
        outbox.submit(mail, key=key)
        return
    keys = iter(mails)
    for ticket in outbox.submit_all(mails.values(), key=lambda _: next(keys)):
        if isinstance(ticket, EnvoiError):
            raise ticket


def read_journal(path: Path) -> tuple[list[str], set[str]]:
    """What was begun, in order, and what was acknowledged."""
    lines = path.read_text().splitlines() if path.exists() else []
    begun = dict.fromkeys(line[6:] for line in lines if line.startswith("begin "))
    return list(begun), {line[4:] for line in lines if line.startswith("ack ")}


def _mail(place: Place, key: str) -> RawEmail:
    size = SIZES[zlib.crc32(key.encode()) % len(SIZES)]
    raw = (
        f"From: {SENDER}\r\nTo: {place.recipient}\r\nSubject: crash {key}\r\n"
        f"Message-ID: <{key}@crash.example.org>\r\n\r\n"
    ).encode()
    return RawEmail(
        raw + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * (size // 72),
        sender=SENDER,
        recipients=[place.recipient],
    )


def spawn(target: Callable[[], None]) -> int:
    """Run something in a forked process that never returns here; return its number."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        random.seed()
        target()
        status = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(status)
