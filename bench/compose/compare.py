"""Composing the same mails with envoi and with others, in one interleaved run.

``python -m bench.compose.compare [ROUNDS] [--nodemailer FOLDER] [--write FILE]`` takes turns between the
composers, measures CPU time, and prints the median of each per mail, its spread, and how many times faster
envoi is. Ratios of one run can be compared between machines; the microseconds cannot. yagmail, redmail and
python-emails take part when they are installed, nodemailer when its folder is named (``make bench-compose``
has all of them). The exit code is 1 when a goal is missed.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from platform import python_version
from statistics import median, quantiles
from time import process_time_ns
from typing import TYPE_CHECKING

from bench.compose.messages import COMPOSERS, KINDS
from bench.compose.node import Nodemailer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.compose.messages import Job, Kind

_TURN = 100_000_000
"""Nanoseconds that one turn of the slowest composer should take, at least."""
_LEAST = 6
"""Mails of a turn: the first one finds the memory as the composer before left it."""
_TITLES = ("composer", "µs per mail", "middle half", "× envoi", "goal")
_PREAMBLE = """\
# Composing

What `make bench-compose` measured: CPU time per mail, each in turn, {rounds} rounds, CPython {python}.
Every mail is another one (name, address, subject, first line); attachments are in memory. The ratio says how
many times longer than envoi it takes, as the median over the rounds; compare ratios, not microseconds. The
goals are those of the project.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one composer needed for one kind of mail, and envoi just before, in µs of CPU."""

    name: str
    times: list[float]
    own: list[float]
    goal: float | None

    @property
    def ratio(self) -> float:
        """How many times longer than envoi it takes: the median over the rounds."""
        return median([theirs / ours for theirs, ours in zip(self.times, self.own, strict=True)])

    @property
    def misses(self) -> bool:
        """Whether envoi is not as much faster as it should be."""
        return self.goal is not None and self.ratio < self.goal

    def cells(self) -> tuple[str, ...]:
        """The line of a table."""
        low, _, high = quantiles(self.times, n=4)
        goal = "" if self.goal is None else f"≥ {self.goal:g}: {'missed' if self.misses else 'met'}"
        spread = f"{low:,.1f} – {high:,.1f}"
        return self.name, f"{median(self.times):,.1f}", spread, f"{self.ratio:.1f}", goal


def composers() -> dict[str, Callable[[Job], bytes]]:
    """Those that are installed."""
    if find_spec("yagmail") is None:
        return COMPOSERS
    from bench.compose.peers import PEERS

    return COMPOSERS | PEERS


def measure(kind: Kind, rounds: int, node: Nodemailer | None) -> list[Line]:
    """Take turns between all composers; envoi has one before each of the others, as machines have moods."""
    count = _count(kind)
    turns = {name: partial(_turn, compose, kind, count) for name, compose in composers().items()}
    if node is not None:
        node.take(kind)
        turns["nodemailer"] = partial(node.measure, count)
    envoi = turns.pop("envoi")
    lines = [Line(name=name, times=[], own=[], goal=kind.goals.get(name)) for name in turns]
    for _ in range(rounds):
        for line in lines:
            line.own.append(envoi())
            line.times.append(turns[line.name]())
    own = [time for line in lines for time in line.own]
    return [Line(name="envoi", times=own, own=own, goal=None), *lines]


def _count(kind: Kind) -> int:
    started = process_time_ns()
    for job in kind.jobs(2):
        COMPOSERS["EmailMessage"](job)
    return max(_LEAST, 2 * _TURN // (process_time_ns() - started + 1))


def _turn(compose: Callable[[Job], bytes], kind: Kind, count: int) -> float:
    jobs = list(kind.jobs(count))
    started = process_time_ns()
    for job in jobs:
        compose(job)
    return (process_time_ns() - started) / len(jobs) / 1000


def page(tables: list[tuple[Kind, list[Line]]], rounds: int) -> Iterator[str]:
    """The results as a page of the documentation."""
    yield _PREAMBLE.format(rounds=rounds, python=python_version())
    for kind, lines in tables:
        yield f"\n## {kind.title[0].upper()}{kind.title[1:]}\n\n"
        yield "| composer | µs per mail | middle half | × envoi | goal |\n"
        yield "| --- | ---: | ---: | ---: | --- |\n"
        for line in lines:
            yield f"| {' | '.join(line.cells())} |\n"


def main(rounds: int, modules: Path | None, target: Path | None) -> int:
    """Measure all kinds, print the tables, and tell whether the goals are met."""
    tables: list[tuple[Kind, list[Line]]] = []
    with nullcontext() if modules is None else Nodemailer(modules) as node:
        for kind in KINDS:
            lines = measure(kind, rounds, node)
            tables.append((kind, lines))
            print(kind.title)
            for name, time, spread, ratio, goal in (_TITLES, *(line.cells() for line in lines)):
                print(f"{name:>16}  {time:>11}  {spread:>23}  {ratio:>7}  {goal}", flush=True)
    if target is not None:
        target.parent.mkdir(exist_ok=True)
        target.write_text("".join(page(tables, rounds)), "utf-8")
    return int(any(line.misses for _, lines in tables for line in lines))


if __name__ == "__main__":
    parser = ArgumentParser()
    parser.add_argument("rounds", type=int, nargs="?", default=15)
    parser.add_argument("--nodemailer", type=Path, metavar="FOLDER")
    parser.add_argument("--write", type=Path, metavar="FILE")
    given = parser.parse_args()
    sys.exit(main(given.rounds, given.nodemailer, given.write))
