"""One run: workers and submitters that are killed again and again, and books that must balance in the end.

Nothing here is killed itself. Every process is forked from one that has everything imported already, so that
a life and a death cost some hundredths of a second. What is counted, and what must come of it, is in `books`.
"""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envoi.outbox import Stage
from tests.crash.actors import spawn, submit, work
from tests.crash.books import Books
from tests.crash.steps import InFlight

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from tests.crash.place import Place, Wall

__all__ = ["Plan", "kill_and_count"]

#: What a worker does when it ends, and seldom before.
AT_THE_END = ("give_back", "rest")
#: How often a step is reached before it kills, at most: what is seldom does so the first time, and what
#: submitters do is over soon.
PASSES = {"extend": 1, "accounts": 1, "reap": 1, "give_back": 1, "rest": 1}
PASSES |= {"put": 90, "keep": 30, "suppressed": 9}
USUAL_PASSES = 4
#: How many have no step to die at, and meet their death anywhere.
FREE = 0.15
#: How long somebody may take to reach the step at which he is to die, seconds.
SPARED = 6.0
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
class _Actor:
    """A process that lives."""

    part: str
    name: str
    life: str
    fatal: str
    since: float = field(default_factory=time.monotonic)
    leaving: bool = False

    @property
    def dies_at(self) -> str:
        """The call before or after which it is to die; empty for none."""
        return self.fatal.rpartition(" ")[2]


class _Cast:
    """The processes of a run that live now."""

    def __init__(self, place: Place, books: Books) -> None:
        self._place = place
        self.books = books
        self._number = 0
        self.living: dict[int, _Actor] = {}

    def start(self, part: str, name: str, fatal: str = "") -> None:
        """Begin somebody's life."""
        self._number += 1
        life = f"{name}-{self._number}" if part == "work" else name
        play = work if part == "work" else submit
        actor = _Actor(part=part, name=name, life=life, fatal=fatal)
        passes = random.randrange(PASSES.get(actor.dies_at, USUAL_PASSES))
        self.living[spawn(lambda: play(self._place, life, fatal, passes))] = actor

    def replace(self, pid: int, how: str, fates: _Fates) -> None:
        """Count a death, if it was one, and have somebody else go on."""
        actor = self.living.pop(pid)
        if how:
            self.books.kills[how] += 1
        if actor.part == "work":
            self.count(actor.life)
        self.start(actor.part, actor.name, fates.draw(actor.part))

    def count(self, life: str) -> None:
        """Add what a worker had in flight."""
        path = self._place.folder / f"in-flight-{life}"
        if path.exists():
            page = InFlight(path)
            self.books.in_flight.update(page.messages())
            page.close()
            path.unlink()

    def spare(self, pid: int) -> bool:
        """Whether somebody is on the way to the step of his death; asks him to end where it is there."""
        actor = self.living[pid]
        if actor.dies_at in AT_THE_END and not actor.leaving:
            actor.leaving = True
            os.kill(pid, signal.SIGTERM)
        return bool(actor.fatal) and time.monotonic() - actor.since < SPARED

    def stop(self, pid: int) -> None:
        """Stop a worker until it has lost its leases, and add what it has in flight."""
        os.kill(pid, signal.SIGSTOP)
        page = InFlight(self._place.folder / f"in-flight-{self.living[pid].life}")
        self.books.in_flight.update(page.messages())
        page.close()

    def reap(self) -> dict[int, str]:
        """Return who died by himself, and at which step: none for those who only ended as they were asked."""
        gone: dict[int, str] = {}
        for pid, actor in list(self.living.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended and not os.WIFSIGNALED(status) and (status or not actor.leaving):
                raise AssertionError(f"{self.living.pop(pid)} ended by itself with {status}")
            if ended:
                gone[pid] = actor.fatal if os.WIFSIGNALED(status) else ""
        return gone


def kill_and_count(place: Place, plan: Plan, received: Callable[[], Counter[str]]) -> Books:
    """Kill as planned, let the rest finish, and count.

    Args:
        place: where.
        plan: what is done.
        received: what the server has received, by key, once it is asked.
    """
    wall, cast, started = place.wall, _Cast(place, Books()), time.monotonic()
    with place.outbox() as outbox:
        outbox.migrate()
        outbox.declare(place.rules())
    try:
        _kill(cast, plan, wall, started)
        _end(cast, "submit")
        _end(cast, "work")
        wall.set(2 * 86400.0 if plan.jumps else 0.0)
        _drain(cast, place)
    finally:
        for pid in cast.living:
            with suppress(ProcessLookupError, ChildProcessError):  # interrupted right behind his death
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGTERM)
                os.waitpid(pid, 0)
    cast.books.balance(place, received())
    cast.books.seconds = time.monotonic() - started
    return cast.books


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
        for pid, step in cast.reap().items():
            cast.replace(pid, step, fates)
        if plan.jumps and random.random() < 0.05:
            wall.set(random.choice([0.0, 3600.0, -3600.0, 86400.0]))
        for pid in [pid for pid, until in stopped.items() if time.monotonic() > until]:
            del stopped[pid]
            os.kill(pid, signal.SIGCONT)
        pid = random.choice(list(cast.living))
        if pid in stopped or cast.spare(pid) or (plan.steps and random.random() < 0.8):
            continue
        if stops and cast.living[pid].part == "work":
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
    """At which step the next one is to die: each in its turn, and now and then at none."""

    def __init__(self, plan: Plan) -> None:
        self._steps = plan.steps
        self._left: dict[str, list[str]] = {}

    def draw(self, part: str) -> str:
        """A step that somebody with this part reaches; empty for none."""
        if not self._steps or random.random() < FREE:
            return ""
        left = self._left.setdefault(part, [])
        if not left:
            left += [step for step in self._steps if _concerns(step, part)]
            random.shuffle(left)
        return left.pop()


def _concerns(step: str, part: str) -> bool:
    submitting = step.rpartition(" ")[2] in ("keep", "put", "suppressed")
    return submitting == (part == "submit")


def _end(cast: _Cast, part: str) -> None:
    for pid, actor in list(cast.living.items()):
        if actor.part == part:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
            del cast.living[pid]
            if part == "work":
                cast.count(actor.life)


def _drain(cast: _Cast, place: Place) -> None:
    """Let those finish whom nobody disturbs: unfinished submissions first, then all that waits."""
    for number in range(SUBMITTERS):
        cast.start("submit", f"s{number}")
    time.sleep(1.0)  # real time for real processes; what is still unfinished then is submitted by nobody
    _end(cast, "submit")
    cast.start("work", "last")
    until = time.monotonic() + PATIENCE
    with place.outbox() as outbox:
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
