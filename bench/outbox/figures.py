"""The questions: who takes turns with whom, and which ratios are wanted of them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from bench.outbox.crowd import crowd
from bench.outbox.turns import ROOT, Contestant, Turn, started

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["QUESTIONS", "Effort", "Figures", "Verdict"]

_PEERS = ROOT / ".cache" / "bench" / "venv" / "bin" / "python"
_SLOW_MS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is measured."""

    rounds: int = 9
    count: int = 150
    milliseconds: int = 1500
    crowd: int = 1_000_000

    @classmethod
    def quick(cls) -> Effort:
        """A minute's."""
        return cls(rounds=3, count=60, milliseconds=700, crowd=100_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A figure that something is wanted of: at least the goal, or, for times, at most."""

    what: str
    found: float
    goal: float
    at_most: bool = False
    unit: str = "×"

    @property
    def met(self) -> bool:
        """Whether it is as wanted."""
        return self.found <= self.goal if self.at_most else self.found >= self.goal


@dataclass(slots=True, kw_only=True)
class Figures:
    """What one question found."""

    title: str
    heading: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    verdicts: list[Verdict] = field(default_factory=list[Verdict])


def _quantile(latencies: list[float], share: float) -> float:
    return sorted(latencies)[min(int(len(latencies) * share), len(latencies) - 1)]


class _Turns:
    """What several took in each round."""

    def __init__(self, rounds: list[dict[str, Turn]]) -> None:
        self._rounds = rounds

    def ratio(self, first: str, second: str) -> float:
        return median(turns[first].rate / turns[second].rate for turns in self._rounds)

    def latencies(self, name: str) -> list[float]:
        return [latency for turns in self._rounds for latency in turns[name].latencies]

    def tail(self, name: str) -> float:
        """How many times longer than the median one in a hundred takes; the median round's."""
        each = (turns[name].latencies for turns in self._rounds)
        return median(_quantile(list(one), 0.99) / median(one) for one in each)

    def row(self, name: str, label: str, against: str) -> tuple[str, ...]:
        latencies = self.latencies(name)
        cpu = median(turns[name].cpu / turns[name].count for turns in self._rounds)
        return (
            label,
            f"{median(turns[name].rate for turns in self._rounds):,.0f}",
            f"{median(latencies) * 1000:.2f}",
            f"{_quantile(latencies, 0.99) * 1000:.1f}",
            f"{cpu * 1e6:,.0f}",
            f"{self.ratio(against, name):.2f}",
        )


_HEADING = ("who", "messages/s", "median ms", "p99 ms", "µs CPU", "× slower")


def _compete(folder: Path, effort: Effort, counts: Mapping[str, int], *, delay_ms: int = 0) -> _Turns:
    with ExitStack() as stack:
        contestants = {name: _start(stack, folder, name, delay_ms) for name in counts}
        for name, contestant in contestants.items():
            contestant.turn(max(counts[name] // 3, 5))
        rounds = [
            {name: contestant.turn(counts[name]) for name, contestant in contestants.items()}
            for _ in range(effort.rounds)
        ]
    return _Turns(rounds)


def _start(stack: ExitStack, folder: Path, name: str, delay_ms: int) -> Contestant:
    python = {"python": str(_PEERS)} if name == "django_post_office" else {}
    return stack.enter_context(started(name, folder / name, delay_ms=delay_ms, **python))


def accept(folder: Path, effort: Effort) -> Figures:
    """One caller."""
    few = max(effort.count // 8, 10)
    counts = dict.fromkeys(("submit", "put", "bare", "django_post_office"), effort.count) | {"sendmail": few}
    turns = _compete(folder, effort, counts)
    labels = {
        "submit": "`Outbox.submit`",
        "put": "its store alone",
        "bare": "SQLite: two INSERTs and nothing else",
        "django_post_office": "django-post-office",
        "sendmail": "Postfix `sendmail`",
    }
    return Figures(
        title="Accepting one message of 10 KiB after another",
        heading=_HEADING,
        rows=[turns.row(name, label, "submit") for name, label in labels.items()],
        verdicts=[
            Verdict(what="submit : sendmail", found=turns.ratio("submit", "sendmail"), goal=15),
            Verdict(
                what="submit : django-post-office",
                found=turns.ratio("submit", "django_post_office"),
                goal=2.5,
            ),
            Verdict(
                what="store : django-post-office", found=turns.ratio("put", "django_post_office"), goal=2.5
            ),
            Verdict(what="p99 : median of submit", found=turns.tail("submit"), goal=10, at_most=True),
        ],
    )


def slow(folder: Path, effort: Effort) -> Figures:
    """Many callers, and a disk that takes its time."""
    labels = {
        "put_in_threads": "16 threads, one outbox",
        "put": "one caller",
        "uncoordinated": "16 threads, a connection each",
    }
    turns = _compete(folder, effort, dict.fromkeys(labels, 2 * effort.count), delay_ms=_SLOW_MS)
    return Figures(
        title=f"The same on a disk whose fsync takes {_SLOW_MS} ms longer",
        heading=_HEADING,
        rows=[turns.row(name, label, "put_in_threads") for name, label in labels.items()],
        verdicts=[
            Verdict(what="16 threads : one", found=turns.ratio("put_in_threads", "put"), goal=5),
            Verdict(
                what="16 threads : uncoordinated",
                found=turns.ratio("put_in_threads", "uncoordinated"),
                goal=15,
            ),
            Verdict(what="p99 : median", found=turns.tail("put_in_threads"), goal=10, at_most=True),
        ],
    )


_WORKERS = {
    "settle_for": "a loop that claims and settles 200, once in 25 ms",
    "work_for": "`Worker`, 16 connections",
    "work_async_for": "`AsyncWorker`, 16 connections",
    "work_with_few_for": "`Worker`, 4 connections",
}
_FEW_TO_ASK_OF = "work_with_few_for"  # Where two take turns, 4 of 20 are less than a quarter, however fast.


def mixed(folder: Path, effort: Effort) -> Figures:
    """Producers and a worker on one file."""
    alone: list[float] = []
    beside: dict[str, list[tuple[float, float]]] = {name: [] for name in _WORKERS}
    with ExitStack() as stack:
        by_itself = stack.enter_context(started("put_for", folder / "alone"))
        pairs = {
            name: [stack.enter_context(started(each, folder / name)) for each in ("put_for", name)]
            for name in _WORKERS
        }
        sweepers = {name: stack.enter_context(started("settle_for", folder / name)) for name in _WORKERS}
        for _ in range(effort.rounds):
            alone.append(by_itself.turn(effort.milliseconds).rate)
            for name, pair in pairs.items():
                for one in pair:
                    one.begin(effort.milliseconds)
                produced, settled = (one.end().rate for one in pair)
                beside[name].append((produced, settled))
                # What was left, so that no round has the backlog of another.
                sweepers[name].turn(effort.milliseconds)
    shares = {
        name: median(settled / rate for (_, settled), rate in zip(rates, alone, strict=True))
        for name, rates in beside.items()
    }
    return Figures(
        title="16 threads that submit, and a worker in another process",
        heading=("who settles", "submitted/s", "settled/s", "settled : submitted alone"),
        rows=[
            ("nobody", f"{median(alone):,.0f}", "", ""),
            *(
                (
                    label,
                    *(f"{median(rates):,.0f}" for rates in zip(*beside[name], strict=True)),
                    f"{shares[name]:.2f}",
                )
                for name, label in _WORKERS.items()
            ),
        ],
        verdicts=[
            Verdict(what=f"settled by {label}", found=shares[name], goal=0.25)
            for name, label in _WORKERS.items()
            if name != _FEW_TO_ASK_OF
        ],
    )


def shop(folder: Path, effort: Effort) -> Figures:
    """An application's own transaction."""
    labels = {
        "order_with_mail": "an order and its mail in one transaction",
        "order_then_mail": "the order, then the mail",
    }
    turns = _compete(folder, effort, dict.fromkeys(labels, effort.count))
    return Figures(
        title="In the application's transaction",
        heading=_HEADING,
        rows=[turns.row(name, label, "order_with_mail") for name, label in labels.items()],
        verdicts=[
            Verdict(what="together : apart", found=turns.ratio("order_with_mail", "order_then_mail"), goal=1)
        ],
    )


def crowded(folder: Path, effort: Effort) -> Figures:
    """A million that wait."""
    taken = crowd(folder, effort.crowd)
    return Figures(
        title=f"{effort.crowd:,} messages waiting, of five accounts",
        heading=("what", "ms"),
        rows=[(what, f"{milliseconds:.1f}") for what, milliseconds in taken.items()],
        verdicts=[
            Verdict(what=what, found=milliseconds, goal=50, at_most=True, unit=" ms")
            for what, milliseconds in taken.items()
            if not what.startswith("claim")
        ],
    )


QUESTIONS: dict[str, Callable[[Path, Effort], Figures]] = {
    "accept": accept,
    "slow": slow,
    "mixed": mixed,
    "shop": shop,
    "crowd": crowded,
}
