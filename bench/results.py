"""What a whole run found, to be written to a file and read again: by the report, by the plots, by the goals.

Turns are kept as they were; medians and ratios are taken where they are shown.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from platform import machine, python_version, system
from typing import TYPE_CHECKING

from bench.arithmetic import Spread, ratio
from bench.child import Turn
from bench.rounds import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Results"]


def _here() -> str:
    return f"CPython {python_version()}, {system()} on {machine()}, {os.cpu_count()} cores"


@dataclass(slots=True, kw_only=True)
class Results:
    """The outcomes of the disciplines by their keys, and the CPU of imports in µs, round by round."""

    place: str = field(default_factory=_here)
    rounds: int
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    imports: dict[str, list[float]] = field(default_factory=dict)

    def write(self, file: Path) -> None:
        """Keep them."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self)), "utf-8")

    @classmethod
    def read(cls, file: Path) -> Results:
        """Have them back."""
        kept = json.loads(file.read_text("utf-8"))
        outcomes = {
            key: Outcome(
                turns={name: [Turn(**turn) for turn in turns] for name, turns in outcome["turns"].items()},
                left_out=outcome["left_out"],
            )
            for key, outcome in kept.pop("outcomes").items()
        }
        return cls(outcomes=outcomes, **kept)

    def values(self, key: str, name: str, of: Callable[[Turn], float]) -> list[float] | None:
        """A figure of a contestant in a discipline, round by round; None when it did not take part."""
        outcome = self.outcomes.get(key)
        turns = outcome.turns.get(name) if outcome else None
        return [of(turn) for turn in turns] if turns else None

    def ratio(self, key: str, ours: str, theirs: str, of: Callable[[Turn], float]) -> float | None:
        """How many times theirs ours is; None when one of them did not take part."""
        our_values, their_values = self.values(key, ours, of), self.values(key, theirs, of)
        return ratio(our_values, their_values) if our_values and their_values else None

    def spread(self, key: str, name: str, of: Callable[[Turn], float]) -> Spread | None:
        """The median and the middle half."""
        values = self.values(key, name, of)
        return Spread.of(values) if values else None
