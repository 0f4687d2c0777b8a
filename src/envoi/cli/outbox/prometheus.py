"""The figures as Prometheus reads them (text format 0.0.4).

Gauges for what is there, counters for what happened. Who serves them is `working`'s business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.drivers.system import now
from envoi.outbox.model import Stage, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envoi.outbox.model import Stats

__all__ = ["exposition"]


def exposition(stats: Stats) -> str:
    """Return the figures as text."""
    age = 0.0 if stats.oldest_due_at is None else max(0.0, (now() - stats.oldest_due_at).total_seconds())
    lines = [
        *_metric(
            "envoi_outbox_messages",
            "gauge",
            "Messages by stage.",
            ((f'stage="{stage.value}"', stats.stages.get(stage, 0)) for stage in Stage),
        ),
        *_metric(
            "envoi_outbox_waiting_messages",
            "gauge",
            "Messages that wait, by account.",
            ((f'account="{_escaped(name)}"', count) for name, count in stats.accounts.items()),
        ),
        *_metric("envoi_outbox_due_messages", "gauge", "Messages that could leave now.", [("", stats.due)]),
        *_metric(
            "envoi_outbox_oldest_due_seconds",
            "gauge",
            "For how long the oldest due message has waited.",
            [("", age)],
        ),
        *_metric(
            "envoi_outbox_recipients_total",
            "counter",
            "Recipients settled, by state.",
            # From the beginning, for a rate begins with the second sample.
            ((f'state="{state.value}"', stats.settled.get(state, 0)) for state in State if not state.open),
        ),
    ]
    return "".join(f"{line}\n" for line in lines)


def _metric(name: str, kind: str, help_: str, samples: Iterable[tuple[str, float]]) -> Iterable[str]:
    yield f"# HELP {name} {help_}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        yield f"{name}{{{labels}}} {value}" if labels else f"{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
