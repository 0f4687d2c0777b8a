"""What was found, as a page of the documentation."""

from __future__ import annotations

import platform
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.outbox.figures import Figures, Verdict

__all__ = ["page", "section"]

_PREAMBLE = """\
# The outbox in SQLite

What `make bench-outbox` measured: CPython {python}, SQLite {sqlite}, two cores that others used as well.
Everybody has a process and takes turns in each round; ratios are medians of the ratios within rounds, and say
more than the rates beside them. Everybody's queue is as durable: one fsync for each commit, before the call
returns. django-post-office keeps the text and composes when it sends, envoi composes before it accepts. Two
INSERTs and nothing else are the least that a queue in SQLite costs on this disk. The slow disk is a sleep
before each fsync. The server of the workers is nowhere, and takes everything at once; a worker settles one
mail of each connection in a commit, and its commits take turns with those of the threads.
"""


def page(sections: Sequence[str]) -> str:
    """The whole page."""
    return "\n".join(
        [_PREAMBLE.format(python=platform.python_version(), sqlite=sqlite3.sqlite_version), *sections]
    )


def section(figures: Figures) -> str:
    """One question."""
    heading = f"| {' | '.join(figures.heading)} |"
    rule = "| --- |" + " ---: |" * (len(figures.heading) - 1)
    rows = [f"| {' | '.join(row)} |" for row in figures.rows]
    wanted = ["| wanted | goal | found | |", "| --- | ---: | ---: | --- |"]
    verdicts = [_verdict(verdict) for verdict in figures.verdicts]
    return "\n".join([f"## {figures.title}", "", heading, rule, *rows, "", *wanted, *verdicts, ""])


def _verdict(verdict: Verdict) -> str:
    sign = "≤" if verdict.at_most else "≥"
    found = f"{verdict.found:.2f}" if verdict.found < 10 else f"{verdict.found:.1f}"
    met = "met" if verdict.met else "**not met**"
    return f"| {verdict.what} | {sign} {verdict.goal:g}{verdict.unit} | {found}{verdict.unit} | {met} |"
