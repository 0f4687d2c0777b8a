"""The outbox in SQLite against what else keeps mail: ``make bench-outbox``.

    python -m bench.outbox [--quick] [--only accept slow mixed shop crowd] [--write]

django-post-office is in .cache/bench, where `scripts/bench-environment` puts it; Postfix is the system's.
With ``--write`` it also writes docs/benchmarks/outbox.md. Takes five minutes; quick, one.
"""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser
from pathlib import Path

from bench.outbox.figures import QUESTIONS, Effort
from bench.outbox.report import page, section
from bench.outbox.turns import ROOT


def main() -> None:
    """Measure, show, and write down."""
    parser = ArgumentParser(prog="python -m bench.outbox", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="+", choices=list(QUESTIONS), default=list(QUESTIONS))
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    sections: list[str] = []
    with tempfile.TemporaryDirectory(dir=ROOT / ".cache") as name:
        for key in given.only:
            folder = Path(name) / key
            folder.mkdir()
            figures = QUESTIONS[key](folder, Effort.quick() if given.quick else Effort())
            sections.append(section(figures))
            print(sections[-1], flush=True)
    if given.write:
        (ROOT / "docs" / "benchmarks" / "outbox.md").write_text(page(sections), "utf-8")


if __name__ == "__main__":
    main()
