"""One run: workers and submitters that are killed again and again, and books that must balance in the end.

Nothing here is killed itself. Every process is forked from one that has everything imported already, so that
a life and a death cost some hundredths of a second. What counts: an acknowledged message that never arrived
is lost; one that arrived more than once is a duplicate, and there may be as many as transactions were in
flight when their processes died, or as replies that the server kept to itself.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envoi import Outbox
from envoi.client.outbox import office_of
from envoi.drivers.sqlite_store import open_store
from envoi.outbox import Stage, State
from tests.crash.actors import Place, Wall, read_journal, spawn, submit, work
from tests.crash.server import serve
from tests.crash.steps import InFlight

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Books", "Plan", "kill_and_count"]

WORKERS = SUBMITTERS = 2
#: How long the last worker may need for what is left, seconds.
PATIENCE = 120.0
#: Longer than a lease, and than the others wait before they take over, seconds.
STOPPED = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is done to whom.

    Attributes:
        kills: how many processes are killed.
        seconds: after which no more are killed, whatever the plan.
        steps: the steps at which processes kill themselves; none for random moments alone.
        drops: whether the server drops connections.
        stops: how many workers are stopped past their lease (SIGSTOP) instead of being killed.
        jumps: whether the wall clock is set meanwhile.
    """

    kills: int
    seconds: float = 3600.0
    steps: tuple[str, ...] = ()
    drops: bool = False
    stops: int = 0
    jumps: bool = False


@dataclass(slots=True, kw_only=True)
class Books:
    """What came of it.

    Attributes:
        kills: processes that died: by name of the step, or at random.
        acknowledged: messages that were acknowledged.
        lost: those of them that neither arrived nor are held for a person.
        held: messages that are held, since nobody knows.
        duplicates: arrivals beyond the first of a message.
        in_flight: messages that were on their way when their worker died, or was stopped.
        silent: how often the server took a message and kept its reply to itself.
        strangers: what arrived though nobody had begun to submit it.
    """

    kills: Counter[str] = field(default_factory=Counter[str])
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list[str])
    held: int = 0
    duplicates: int = 0
    in_flight: int = 0
    silent: int = 0
    strangers: int = 0
    seconds: float = 0.0

    def problems(self, *, hold: bool) -> list[str]:
        """What must not be."""
        allowed = 0 if hold else self.in_flight + self.silent
        found = []
        if self.lost:
            found.append(f"{len(self.lost)} acknowledged messages were lost: {self.lost[:5]}")
        if self.duplicates > allowed:
            found.append(f"{self.duplicates} duplicates, and {allowed} could be explained")
        if self.strangers:
            found.append(f"{self.strangers} messages came from nowhere")
        if not self.acknowledged:
            found.append("nothing was acknowledged at all")
        return found

    def __str__(self) -> str:
        return (
            f"{sum(self.kills.values())} killed ({len(self.kills)} ways), {self.acknowledged} acknowledged, "
            f"{len(self.lost)} lost, {self.duplicates} duplicates ({self.in_flight} were in flight, "
            f"{self.silent} silences), {self.held} held, {self.seconds:.0f} s"
        )


class _Cast:
    """The processes of a run that live now."""

    def __init__(self, place: Place, books: Books) -> None:
        self._place = place
        self.books = books
        self._number = 0
        self.living: dict[int, tuple[str, str, str]] = {}

    def start(self, part: str, name: str, fatal: str = "") -> int:
        """Begin somebody's life."""
        self._number += 1
        life = f"{name}-{self._number}" if part == "work" else name
        play = work if part == "work" else submit
        passes = random.randrange(4) if fatal else 0
        pid = spawn(lambda: play(self._place, life, fatal, passes))
        self.living[pid] = (part, name, life)
        return pid

    def replace(self, pid: int, how: str, fates: _Fates) -> None:
        """Count a death, and have somebody else go on."""
        part, name, life = self.living.pop(pid)
        self.books.kills[how] += 1
        if part == "work":
            self.count(life)
        self.start(part, name, fates.draw(part))

    def count(self, life: str) -> None:
        """Add what a worker had in flight."""
        path = self._place.folder / f"in-flight-{life}"
        if path.exists():
            page = InFlight(path)
            self.books.in_flight += page.count()
            page.close()
            path.unlink()

    def stop(self, pid: int) -> None:
        """Stop a worker until it has lost its leases, and add what it has in flight."""
        os.kill(pid, signal.SIGSTOP)
        page = InFlight(self._place.folder / f"in-flight-{self.living[pid][2]}")
        self.books.in_flight += page.count()
        page.close()

    def reap(self) -> list[int]:
        """Return who has died by himself."""
        gone: list[int] = []
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return gone
            if pid == 0:
                return gone
            if pid in self.living:
                gone.append(pid)
                if not os.WIFSIGNALED(status):
                    raise AssertionError(f"{self.living.pop(pid)} ended by itself with {status}")


def kill_and_count(
    folder: Path,
    plan: Plan,
    *,
    hold: bool = False,
    session: dict[str, object] | None = None,
    recipient: str = "b@example.org",
    sender: str = "a@example.org",
    received: Callable[[], Counter[str]] | None = None,
) -> Books:
    """Carry a plan out.

    Args:
        folder: for the files of the run.
        plan: what is done.
        hold: whether the account holds what is unknown.
        session: how to reach another server than our own.
        recipient: who gets the mail.
        sender: who sends it.
        received: what that other server has received, by key.
    """
    server = None
    if session is None:
        server = spawn(lambda: serve(folder, drops=plan.drops))
        session = {"host": "127.0.0.1", "port": _port(folder), "security": "plaintext"}
    place = Place(
        folder=folder,
        session=session,
        recipient=recipient,
        sender=sender,
        hold=hold,
        lease=4.0,
        connections=3,
    )
    wall = Wall(folder / "wall")
    books, started = Books(), time.monotonic()
    with _outbox(folder, wall) as outbox:
        outbox.declare(place.rules())
    cast = _Cast(place, books)
    try:
        _kill(cast, plan, wall, started)
        _end(cast, "submit")
        _end(cast, "work")
        wall.set(2 * 86400.0 if plan.jumps else 0.0)
        _drain(cast, folder, wall)
    finally:
        for pid in [*cast.living, *([server] if server else [])]:
            os.kill(pid, signal.SIGCONT)
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
    books.seconds = time.monotonic() - started
    _balance(books, place, wall, received() if received else _received(folder))
    return books


def _kill(cast: _Cast, plan: Plan, wall: Wall, started: float) -> None:
    fates = _Fates(plan)
    for number in range(WORKERS):
        cast.start("work", f"w{number}", fates.draw("work"))
    for number in range(SUBMITTERS):
        cast.start("submit", f"s{number}", fates.draw("submit"))
    stops, stopped = plan.stops, dict[int, float]()
    while sum(cast.books.kills.values()) < plan.kills and time.monotonic() - started < plan.seconds:
        # The moment of a kill is chance: that is what this suite is about.
        time.sleep(0.01 + random.random() * (0.03 if plan.steps else 0.15))
        for pid in cast.reap():
            cast.replace(pid, "at its step", fates)
        if plan.jumps and random.random() < 0.05:
            wall.set(random.choice([0.0, 3600.0, -3600.0, 86400.0]))
        for pid in [pid for pid, until in stopped.items() if time.monotonic() > until]:
            del stopped[pid]
            os.kill(pid, signal.SIGCONT)
        pid = random.choice(list(cast.living))
        if pid in stopped or (plan.steps and random.random() < 0.9):
            continue
        if stops and cast.living[pid][0] == "work":
            stops -= 1
            cast.stop(pid)
            stopped[pid] = time.monotonic() + STOPPED
            continue
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        cast.replace(pid, "at random", fates)
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)


class _Fates:
    """At which step the next one is to die."""

    def __init__(self, plan: Plan) -> None:
        times = -(-plan.kills // max(1, len(plan.steps)))
        self._steps = [step for step in plan.steps for _ in range(times)]
        random.shuffle(self._steps)

    def draw(self, part: str) -> str:
        """A step that somebody with this part reaches; empty for none."""
        for at, step in enumerate(self._steps):
            if _concerns(step, part):
                return self._steps.pop(at)
        return ""


def _concerns(step: str, part: str) -> bool:
    submitting = step.rpartition(" ")[2] in ("put", "suppressed")
    return submitting == (part == "submit")


def _end(cast: _Cast, part: str) -> None:
    for pid, (kind, _, life) in list(cast.living.items()):
        if kind == part:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
            del cast.living[pid]
            if part == "work":
                cast.count(life)


def _drain(cast: _Cast, folder: Path, wall: Wall) -> None:
    """Let those finish whom nobody disturbs: unfinished submissions first, then all that waits."""
    for number in range(SUBMITTERS):
        cast.start("submit", f"s{number}")
    time.sleep(1.0)  # real time for real processes; what is still unfinished then is submitted by nobody
    _end(cast, "submit")
    cast.start("work", "last")
    until = time.monotonic() + PATIENCE
    with _outbox(folder, wall) as outbox:
        while True:
            stages = outbox.stats().stages
            left = stages.get(Stage.WAITING, 0) + stages.get(Stage.CLAIMED, 0)
            if not left:
                break
            if time.monotonic() > until:
                which = [*outbox.find(stage=Stage.WAITING), *outbox.find(stage=Stage.CLAIMED)]
                raise AssertionError(f"left after {PATIENCE:.0f} s: {which}, {outbox.accounts()}")
            time.sleep(0.1)
    _end(cast, "work")


def _balance(books: Books, place: Place, wall: Wall, received: Counter[str]) -> None:
    begun: set[str] = set()
    acknowledged: set[str] = set()
    for journal in place.folder.glob("journal-*"):
        one, other = read_journal(journal)
        begun.update(one)
        acknowledged.update(other)
    with _outbox(place.folder, wall) as outbox:
        held = {status.key for status in outbox.find(state=State.UNKNOWN)}
        books.lost = [
            f"{key}: {[one.recipients for one in outbox.find(key=key)]}"
            for key in sorted(acknowledged - set(received) - held)
        ]
    books.acknowledged = len(acknowledged)
    books.held = len(held)
    books.duplicates = sum(count - 1 for count in received.values())
    books.strangers = len(set(received) - begun)
    silent = place.folder / "silent"
    books.silent = len(silent.read_text()) if silent.exists() else 0


def _outbox(folder: Path, wall: Wall) -> Outbox:
    outbox = Outbox(folder / "outbox.db")
    office_of(outbox).store = open_store(folder / "outbox.db", wall=wall.now)
    return outbox


def _received(folder: Path) -> Counter[str]:
    return Counter((folder / "received").read_text().split())


def _port(folder: Path) -> int:
    until = time.monotonic() + 10
    while not (folder / "port").exists():
        if time.monotonic() > until:
            raise AssertionError("the server does not start")
        time.sleep(0.01)
    return int((folder / "port").read_text())
