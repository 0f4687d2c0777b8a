"""Composing the same mails with envoi and with the standard library, in one interleaved run.

``python -m bench.compose.compare [ROUNDS]`` takes turns between the composers, measures CPU time, and prints
the median of each per mail, its spread, and how many times faster envoi is: the median of the ratios of all
rounds. These can be compared between machines, the microseconds cannot. Exits with 1 when a goal is missed.
"""

from __future__ import annotations

import sys
from statistics import median, quantiles
from time import process_time_ns
from typing import TYPE_CHECKING

from bench.compose.messages import COMPOSERS, KINDS

if TYPE_CHECKING:
    from bench.compose.messages import Kind

_TURN = 100_000_000
"""Nanoseconds that one turn of the slowest composer should take, at least."""


def measure(kind: Kind, rounds: int) -> dict[str, list[float]]:
    """Microseconds of CPU per mail, for each composer and round."""
    started = process_time_ns()
    for job in kind.jobs(2):
        COMPOSERS["EmailMessage"](job)
    count = max(1, 2 * _TURN // (process_time_ns() - started + 1))
    found: dict[str, list[float]] = {name: [] for name in COMPOSERS}
    for _ in range(rounds):
        for name, compose in COMPOSERS.items():
            jobs = list(kind.jobs(count))
            started = process_time_ns()
            for job in jobs:
                compose(job)
            found[name].append((process_time_ns() - started) / count / 1000)
    return found


def main(rounds: int) -> int:
    """Measure all kinds, print the table, and tell whether the goals are met."""
    missed = 0
    print(f"{'':30}  {'composer':12}  {'µs per mail':>11}  {'middle half':>19}  {'× envoi':>7}  goal")
    for kind in KINDS:
        found = measure(kind, rounds)
        for name, times in found.items():
            low, _, high = quantiles(times, n=4)
            ratio = median(time / own for time, own in zip(times, found["envoi"], strict=True))
            goal = f"≥ {kind.goal:g}" if name == "EmailMessage" else ""
            missed += name == "EmailMessage" and ratio < kind.goal
            spread = f"{low:8,.1f} – {high:8,.1f}"
            print(f"{kind.title:30}  {name:12}  {median(times):11,.1f}  {spread}  {ratio:7.1f}  {goal}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 15))
