"""The outbox drawn live, with rich: stages, rates and the backlog of the last minute.

Only imported where somebody looks and rich is installed. What is drawn comes from `rates`.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from rich.live import Live
from rich.table import Table

from envoi.outbox.model import Stage, State

if TYPE_CHECKING:
    from rich.console import Console

    from envoi.cli.outbox.rates import Rates
    from envoi.client.outbox import Outbox
    from envoi.outbox.model import Stats

__all__ = ["drawn", "watch"]

#: The states that recipients settle in.
_STYLES = {State.DELIVERED: "green", State.FAILED: "red", State.UNKNOWN: "magenta", State.CANCELLED: "dim"}


def watch(console: Console, outbox: Outbox, rates: Rates, interval: float) -> None:
    """Draw until Ctrl-C."""
    never = threading.Event()
    with Live(console=console, auto_refresh=False) as live:
        while True:
            stats = outbox.stats()
            rates.add(stats, time.monotonic())
            live.update(drawn(stats, rates), refresh=True)
            never.wait(interval)


def drawn(stats: Stats, rates: Rates) -> Table:
    """One picture."""
    table = Table(title="envoi outbox", title_justify="left", box=None, pad_edge=False)
    for column in ("", "now", "per second"):
        table.add_column(column, justify="left" if not column else "right")
    for stage in Stage:
        table.add_row(stage.value, f"{stats.stages.get(stage, 0):,}", "")
    table.add_row("due", f"{stats.due:,}", "")
    for state, style in _STYLES.items():
        rate = rates.per_second(state)
        count = f"{stats.settled.get(state, 0):,}"
        table.add_row(state.value, count, f"{rate:.1f}", style=style if rate else None)
    table.add_row("backlog", rates.backlog(), "")
    return table
