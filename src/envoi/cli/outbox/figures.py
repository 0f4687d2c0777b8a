"""``envoi outbox stats``: the outbox in figures; with ``--watch`` its backlog and rates, drawn live.

The rates are what the figures differ by from one look to the next. Where nobody looks, or without rich, each
look is a line. ``--prometheus`` prints the same for a collector of text files.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from envoi.cli.exits import Exit
from envoi.cli.outbox.action import Action, tell
from envoi.cli.outbox.instants import ago
from envoi.cli.outbox.place import open_outbox
from envoi.cli.outbox.rates import Rates
from envoi.cli.page import Mark, Page, Row, Section
from envoi.outbox.model import Stage, State

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from envoi.cli.terminal import Terminal
    from envoi.client.outbox import Outbox
    from envoi.outbox.model import Stats

__all__ = ["ACTIONS", "stats_page", "stats_report"]


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("--watch", "-w", action="store_true", help="look again and again, until Ctrl-C")
    parser.add_argument(
        "--interval",
        metavar="SECONDS",
        type=float,
        default=1.0,
        help="from one look to the next; 1 by default",
    )
    parser.add_argument("--prometheus", action="store_true", help="print them as Prometheus reads them")


def _stats(given: Namespace, terminal: Terminal) -> Exit:
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
    console = None if given.json else terminal.error_console()
    rates = Rates(given.interval)
    try:
        if console is not None:
            from envoi.cli.outbox.live import watch

            watch(console, outbox, rates, given.interval)
            return
        for _ in _ticks(given.interval):
            stats = outbox.stats()
            rates.add(stats)
            terminal.print(json.dumps(stats_report(stats)) + "\n" if given.json else f"{rates.line(stats)}\n")
    except KeyboardInterrupt:
        return


def _ticks(interval: float) -> Iterator[None]:
    never = threading.Event()
    while True:
        yield
        never.wait(interval)


def stats_page(stats: Stats) -> Page:
    """The figures for people."""
    waiting = stats.stages.get(Stage.WAITING, 0)
    since = f", the oldest since {ago(stats.oldest_due_at)}" if stats.oldest_due_at else ""
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


ACTIONS = {
    "stats": Action(summary="the outbox in figures; --watch draws them live", declare=_declare, run=_stats)
}
