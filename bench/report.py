"""A run as a page of the documentation: goals, tables, who was left out."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from bench.disciplines import ALL
from bench.goals import verdicts
from bench.imports import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.arithmetic import Spread
    from bench.disciplines import Discipline
    from bench.goals import Verdict
    from bench.results import Results

__all__ = ["goal_lines", "page", "table_lines"]

_PREAMBLE = """\
# Benchmarks

What `make bench` measured: {place}; {rounds} rounds.

- All send the same octets, or compose the same text for another recipient each time, to the same sink, which
  takes everything and is written in C where there is a compiler. Everybody has a process, takes turns with
  the others in changing order, and is warm before it is measured. That all messages arrived is counted.
- CPU is user and system time of the sender per message. It and the round trips are what can be compared
  between machines; messages per second have the sink's work in them, so they stand beside. Senders and sinks
  share one core. Ratios are medians of the ratios within rounds. Peak memory includes the interpreter.
- The round trip is made by a proxy that delays both directions and adds no other limit (`bench/delay.py`).
- Receipts, validation, accounting for each recipient and redaction are on in all figures of envoi. A window
  of 64, of `send_all` or of a session that 64 tasks share, leaves up to 64 outcomes unknown when the
  connection is lost; the default is 1.
- yagmail connects for each message by itself; over STARTTLS it, redmail and python-emails verify no
  certificate. smtp-source does not pipeline; starting it is in its CPU.

![CPU per message](benchmarks/cpu.svg)

![Messages per second by round trip](benchmarks/round-trip.svg)

Where a goal is missed, [reading the benchmarks](benchmarks/reading.md) says what dominates. Composing alone
is compared in [composing](benchmarks/compose.md).
"""
_MICROS = attrgetter("micros")
_RATE = attrgetter("rate")


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 4
    return f"{value:,.{digits}f}"


def _half(spread: Spread) -> str:
    return f"{_number(spread.low)} – {_number(spread.high)}"


def _bound(verdict: Verdict) -> str:
    sign = "≤" if verdict.at_most else "≥"
    if 0 < verdict.bound < 0.7:
        return f"{sign} 1/{round(1 / verdict.bound, 1):g} = {_number(verdict.bound)}"
    return f"{sign} {verdict.bound:g}"


def goal_lines(results: Results) -> Iterator[str]:
    """The table of the goals."""
    yield "| work | measure | goal | measured | |"
    yield "| --- | --- | ---: | ---: | --- |"
    for verdict in verdicts(results):
        cells = (verdict.work, verdict.measure, _bound(verdict), _number(verdict.found), verdict.mark)
        yield f"| {' | '.join(cells)} |"


def table_lines(discipline: Discipline, results: Results) -> Iterator[str]:
    """The table of a discipline, and below it who was left out."""
    key, reference = discipline.key, discipline.reference
    outcome = results.outcomes[key]
    yield f"| sender | µs of CPU | middle half | × {reference} | messages/s | × {reference} | peak MiB |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name in outcome.turns:
        micros, rate = results.spread(key, name, _MICROS), results.spread(key, name, _RATE)
        if micros is None or rate is None:
            continue
        cells = (
            name,
            _number(micros.median),
            _half(micros),
            _number(results.ratio(key, name, reference, _MICROS)),
            _number(rate.median),
            _number(results.ratio(key, name, reference, _RATE)),
            _number(outcome.turns[name][-1].peak / 1024),
        )
        yield f"| {' | '.join(cells)} |"
    for reason in sorted(set(outcome.left_out.values())):
        names = ", ".join(name for name, its_own in outcome.left_out.items() if its_own == reason)
        yield f"\nLeft out: {names}; {reason}."


def _import_lines(results: Results) -> Iterator[str]:
    from bench.arithmetic import Spread

    yield "| program | ms of CPU above bare Python | middle half |"
    yield "| --- | ---: | ---: |"
    for program in PROGRAMS:
        spread = Spread.of([micros / 1000 for micros in results.imports[program]])
        yield f"| `{program}` | {_number(spread.median)} | {_half(spread)} |"


def page(results: Results) -> str:
    """The whole page."""
    lines = [_PREAMBLE.format(place=results.place, rounds=results.rounds), "## Goals", ""]
    lines += goal_lines(results)
    for discipline in ALL:
        if discipline.key in results.outcomes:
            lines += ["", f"## {discipline.title[0].upper()}{discipline.title[1:]}", ""]
            lines += table_lines(discipline, results)
    lines += ["", "## Importing", "", *_import_lines(results), ""]
    return "\n".join(lines)
