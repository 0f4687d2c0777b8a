"""The goals of the project for speed, and what of them a run has reached.

A goal compares a figure of envoi's with one of somebody else's, in the same rounds of the same discipline.
Which contestants stand for "ours" and "theirs" is written here; what they do is in `bench.peers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from statistics import median
from typing import TYPE_CHECKING

from bench import disciplines as who
from bench.arithmetic import ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.disciplines import Contestant
    from bench.results import Results

__all__ = ["Verdict", "verdicts"]

_CPU = attrgetter("micros")
_RATE = attrgetter("rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A goal, and what was measured; None when it could not be."""

    work: str
    measure: str
    bound: float
    at_most: bool
    found: float | None

    @property
    def is_met(self) -> bool | None:
        """Whether it was reached; None when it was not measured."""
        if self.found is None:
            return None
        return self.found <= self.bound if self.at_most else self.found >= self.bound

    @property
    def mark(self) -> str:
        """For a table."""
        return {True: "✔", False: "✘", None: "not measured"}[self.is_met]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparison:
    work: str
    key: str
    ours: Contestant
    theirs: Contestant
    bound: float
    of: Callable[..., float] = _CPU

    def verdict(self, results: Results) -> Verdict:
        figure = "CPU" if self.of is _CPU else "messages/s"
        return Verdict(
            work=self.work,
            measure=f"{figure} of {self.ours.name} ÷ {self.theirs.name}",
            bound=self.bound,
            at_most=self.of is _CPU,
            found=results.ratio(self.key, self.ours.name, self.theirs.name, self.of),
        )


_CHUNKED = "one pooled `send(bytes)` at a time, 10 KiB, CHUNKING"
_FAR = tuple(
    _Comparison(
        work=f"{milliseconds} ms of round trip, recipients: {recipients}, window {ours.window}",
        key=f"far-{milliseconds}-{recipients}",
        ours=ours,
        theirs=who.SMTPLIB,
        bound=bound,
        of=_RATE,
    )
    for recipients, ours, bound in ((1, who.WINDOW_1, 3.8), (10, who.WINDOW_1, 11), (1, who.WINDOW_64, 100))
    for milliseconds in (1, 10, 50)
)
_COMPARISONS = (
    _Comparison(work=_CHUNKED, key="bytes-10 KiB", ours=who.POOL, theirs=who.SMTPLIB, bound=1 / 4),
    _Comparison(work="the same by DATA", key="data", ours=who.POOL, theirs=who.SMTPLIB, bound=1 / 1.5),
    _Comparison(
        work="by DATA, with look-ahead", key="data", ours=who.WINDOW_1, theirs=who.SMTPLIB, bound=1 / 2
    ),
    _Comparison(
        work="asyncio, one at a time, 10 KiB",
        key="bytes-10 KiB",
        ours=who.ASYNC,
        theirs=who.AIOSMTPLIB,
        bound=1 / 5,
    ),
    _Comparison(
        work="asyncio, 64 at once, 10 KiB",
        key="bytes-10 KiB",
        ours=who.ASYNC_64,
        theirs=who.AIOSMTPLIB,
        bound=1 / 25,
    ),
    *(
        _Comparison(
            work=f"`send_all`, window 64, {size}",
            key=f"bytes-{size}",
            ours=who.WINDOW_64,
            theirs=theirs,
            bound=bound,
            of=of,
        )
        for size in ("1 KiB", "10 KiB")
        for theirs, bound, of in ((who.SMTPLIB, 1 / 7, _CPU), (who.SMTP_SOURCE, 2, _RATE))
    ),
    *_FAR,
    *(
        _Comparison(
            work="`Email`, composed and sent, 1 KiB",
            key="composed-1 KiB",
            ours=ours,
            theirs=who.EMAIL_MESSAGE,
            bound=1 / 8,
        )
        for ours in (who.EMAIL, who.EMAIL_64)
    ),
    _Comparison(
        work="from a web handler, STARTTLS",
        key="handler",
        ours=who.HANDLER,
        theirs=who.SEND_MAIL,
        bound=1 / 100,
    ),
    _Comparison(
        work="from a web handler, STARTTLS", key="handler", ours=who.HANDLER, theirs=who.FRESH, bound=1 / 8
    ),
)


def verdicts(results: Results) -> Iterator[Verdict]:
    """All goals, in the order of the tables."""
    for comparison in _COMPARISONS:
        yield comparison.verdict(results)
    yield _tls(results)
    yield from _attachment(results)
    yield _imports(results)


def _tls(results: Results) -> Verdict:
    secured = results.values("starttls", who.SEND.name, _CPU)
    clear = results.values("starttls", who.IN_CLEAR.name, _CPU)
    found = median(map(float.__sub__, secured, clear)) if secured and clear else None
    return Verdict(
        work="TLS, 10 KiB", measure="µs of CPU more than in clear", bound=15, at_most=True, found=found
    )


def _attachment(results: Results) -> Iterator[Verdict]:
    stdlib, node, ours = who.ATTACHERS
    work = "512 MiB from disk"
    peak = results.values("attachment", ours.name, lambda turn: turn.peak / 1024)
    yield Verdict(
        work=work, measure="MiB at the peak", bound=32, at_most=True, found=peak[0] if peak else None
    )
    for theirs, of, measure, bound in (
        (stdlib, _CPU, "CPU", 1 / 10),
        (node, attrgetter("seconds"), "seconds", 1 / 2),
    ):
        yield Verdict(
            work=work,
            measure=f"{measure} of {ours.name} ÷ {theirs.name}",
            bound=bound,
            at_most=True,
            found=results.ratio("attachment", ours.name, theirs.name, of),
        )


def _imports(results: Results) -> Verdict:
    ours, theirs = results.imports.get("import envoi"), results.imports.get("import smtplib")
    return Verdict(
        work="`import envoi`",
        measure="CPU of it ÷ import smtplib, above bare Python",
        bound=0.8,
        at_most=True,
        found=ratio(ours, theirs) if ours and theirs else None,
    )
