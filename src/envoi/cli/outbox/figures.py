"""``envoi outbox stats``: the outbox in figures; with ``--watch`` its backlog and rates, drawn live.

The rates are what the figures differ by from one look to the next. Where standard output is no terminal, or
without rich, each look is a line. ``--prometheus`` prints the same for a collector of text files.
"""

from __future__ import annotations

import json
import threading
import time
from argparse import ArgumentTypeError
from typing import TYPE_CHECKING, Any

from envoi.cli.exits import Exit
from envoi.cli.outbox.action import Action, tell
from envoi.cli.outbox.instants import ago, shown
from envoi.cli.outbox.place import open_outbox
from envoi.cli.outbox.rates import Rates
from envoi.cli.page import Mark, Page, Row, Section
from envoi.errors import UsageError
from envoi.outbox.model import Stage, State

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from envoi.cli.terminal import Terminal
    from envoi.client.outbox import Outbox
    from envoi.outbox.model import Stats

__all__ = ["ACTIONS", "stats_page", "stats_report"]

#: Seconds from one look to the next, at most: a day.
_LONGEST = 86_400


def _declare(parser: ArgumentParser) -> None:
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--watch", "-w", action="store_true", help="look again and again, until Ctrl-C")
    how.add_argument("--prometheus", action="store_true", help="print them as Prometheus reads them")
    parser.add_argument(
        "--interval",
        metavar="SECONDS",
        type=_interval,
        default=1.0,
        help="from one look to the next; 1 by default",
    )


def _interval(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST:
        raise ArgumentTypeError(f"{text!r} is no number of seconds, more than 0 and {_LONGEST:,} at most")
    return seconds


def _stats(given: Namespace, terminal: Terminal) -> Exit:
    if given.prometheus and given.json:
        raise UsageError("--prometheus and --json are two forms of the same figures: ask for one")
    with open_outbox(given, terminal) as outbox:
        if given.watch:
            _watch(outbox, given, terminal)
        elif given.prometheus:
            from envoi.cli.outbox.prometheus import exposition

            terminal.print(exposition(outbox.stats()))
        else:
            stats = outbox.stats()
            tell(stats_page(stats), stats_report(stats), given, terminal)
    return Exit.OK


def _watch(outbox: Outbox, given: Namespace, terminal: Terminal) -> None:
    console = None if given.json else terminal.output_console()
    rates = Rates()
    try:
        if console is not None:
            from envoi.cli.outbox.live import watch

            watch(console, outbox, rates, given.interval)
            return
        never = threading.Event()
        while not terminal.output_lost:
            stats = outbox.stats()
            rates.add(stats, time.monotonic())
            line = json.dumps(_look_report(stats, rates)) if given.json else rates.line(stats)
            terminal.print(f"{line}\n")
            never.wait(given.interval)
    except KeyboardInterrupt:
        return


def stats_page(stats: Stats) -> Page:
    """The figures for people."""
    waiting = stats.stages.get(Stage.WAITING, 0)
    since = (
        f", the oldest since {shown(stats.oldest_due_at)}, {ago(stats.oldest_due_at)}"
        if stats.oldest_due_at
        else ""
    )
    stages = tuple(Row(label=stage.value, text=f"{stats.stages.get(stage, 0):,}") for stage in Stage)
    settled = tuple(
        Row(
            label=state.value,
            text=f"{count:,}",
            mark=Mark.BAD if state is State.FAILED and count else Mark.NONE,
        )
        for state, count in stats.settled.items()
    )
    accounts = tuple(Row(label=name, text=f"{count:,}") for name, count in stats.accounts.items())
    sections = (
        Section(heading="Mails", rows=stages),
        Section(heading="Waiting, by account", rows=accounts),
        Section(heading="Recipients settled so far", rows=settled),
    )
    return Page(
        title=f"{waiting:,} waiting, {stats.due:,} of them due{since}",
        sections=tuple(section for section in sections if section.rows),
    )


def stats_report(stats: Stats) -> dict[str, Any]:
    """The figures for programs."""
    return {
        "stages": {stage.value: stats.stages.get(stage, 0) for stage in Stage},
        "waiting_by_account": dict(stats.accounts),
        "due": stats.due,
        "oldest_due_at": None if stats.oldest_due_at is None else stats.oldest_due_at.isoformat(),
        "settled": {state.value: count for state, count in stats.settled.items()},
    }


def _look_report(stats: Stats, rates: Rates) -> dict[str, Any]:
    """A look of ``--watch`` for programs: the figures, and how fast recipients settle."""
    rate = {state.value: round(rates.per_second(state), 3) for state in State if not state.open}
    return {**stats_report(stats), "per_second": rate}


_STATS_EXAMPLES = """\
# the backlog and the rates, drawn live
envoi outbox stats --watch

# a line of JSON every ten seconds
envoi outbox stats --watch --interval 10 --json >> stats.jsonl

# for Prometheus' collector of text files; `envoi outbox work --metrics` serves the same
envoi outbox stats --prometheus > envoi.prom
"""
ACTIONS = {
    "stats": Action(
        summary="the outbox in figures; --watch draws them live",
        examples=_STATS_EXAMPLES,
        declare=_declare,
        run=_stats,
    )
}
