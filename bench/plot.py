"""Two plots of a run, as SVG: CPU per message by sender, and messages per second by round trip.

``python -m bench.plot RESULTS FOLDER`` draws what `bench.results` kept; needs matplotlib, which is in the
benchmarks' requirements and nowhere else. The files are the same for the same results: no date, no random
names.
"""

from __future__ import annotations

import sys
from operator import attrgetter
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from bench.disciplines import ALL, BYTES, COMPOSED, Contestant
from bench.results import Results

_OURS, _THEIRS = "#c2410c", "#64748b"
_SETTINGS = {
    "svg.hashsalt": "envoi",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_PLAIN = StrMethodFormatter("{x:,.0f}")
_CLOSE = 0.3
"""Milliseconds at which a round trip of none is drawn, as the axis is logarithmic."""


def _colour(name: str) -> str:
    return _OURS if name.startswith("envoi") else _THEIRS


def draw_cpu(results: Results) -> Figure:
    """Bars: microseconds of CPU per message of 10 KiB, ready-made and composed."""
    figure = Figure(figsize=(8.5, 7), layout="constrained")
    groups: tuple[tuple[str, str, tuple[Contestant, ...]], ...] = (
        ("bytes-10 KiB", "10 KiB, ready-made octets", BYTES),
        ("composed-10 KiB", "10 KiB of text, composed for each recipient", COMPOSED),
    )
    panels = figure.subplots(2, 1, sharex=True)
    for panel, (key, title, contestants) in zip(panels, groups, strict=True):
        found = [(one.name, results.spread(key, one.name, attrgetter("micros"))) for one in contestants]
        bars = sorted(((spread, name) for name, spread in found if spread), key=lambda bar: -bar[0].median)
        names = [name for _, name in bars]
        middles = [spread.median for spread, _ in bars]
        below = [spread.median - spread.low for spread, _ in bars]
        above = [spread.high - spread.median for spread, _ in bars]
        drawn = panel.barh(
            names, middles, xerr=(below, above), color=list(map(_colour, names)), ecolor="#1e293b", height=0.7
        )
        labels = [f"{middle:,.0f}" if middle >= 10 else f"{middle:.1f}" for middle in middles]
        panel.bar_label(drawn, labels, padding=6)
        panel.set_title(title, loc="left", fontsize=11)
        panel.set_xscale("log")
        panel.xaxis.set_major_formatter(_PLAIN)
        panel.margins(x=0.12)
    panels[-1].set_xlabel("µs of CPU per message (logarithmic; lines: the middle half of the rounds)")
    return figure


def draw_round_trip(results: Results) -> Figure:
    """Lines: messages per second over one connection, by round trip."""
    figure = Figure(figsize=(8.5, 5), layout="constrained")
    panel = figure.subplots()
    far = [one for one in ALL if one.round_trip and one.recipients == 1]
    distances = [("bytes-10 KiB", _CLOSE), *((one.key, one.round_trip) for one in far)]
    ends = []
    for contestant in far[0].contestants:
        points = [
            (distance, spread.median)
            for key, distance in distances
            if (spread := results.spread(key, contestant.name, attrgetter("rate")))
        ]
        if points:
            colour = _colour(contestant.name)
            panel.plot(*zip(*points, strict=True), marker="o", color=colour, linewidth=1.8)
            ends.append((points[-1][1], contestant.name, colour))
    _label(panel, ends, distances[-1][1])
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.yaxis.set_major_formatter(_PLAIN)
    panel.set_xlim(_CLOSE * 0.8, distances[-1][1] * 9)
    panel.set_xticks([distance for _, distance in distances], ["none", "1 ms", "10 ms", "50 ms"])
    panel.minorticks_off()
    panel.set_xlabel("round trip (logarithmic)")
    panel.set_title("Messages of 10 KiB per second over one connection", loc="left", fontsize=11)
    panel.grid(axis="y", color="#e2e8f0")
    return figure


def _label(panel: mpl.axes.Axes, ends: list[tuple[float, str, str]], x: float) -> None:
    """Names at the ends of the lines, moved apart where they would cover each other."""
    lowest = 0.0
    for y, name, colour in sorted(ends):
        lowest = max(y, lowest * 1.45)
        panel.annotate(name, (x, y), (x * 1.25, lowest), color=colour, va="center", fontsize=9)


def main(file: Path, folder: Path) -> None:
    """Draw both."""
    results = Results.read(file)
    with mpl.rc_context(_SETTINGS):
        for name, draw in (("cpu", draw_cpu), ("round-trip", draw_round_trip)):
            draw(results).savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
