"""Kill thousands of workers and submitters, and see whether the books balance: ``python -m tests.crash``.

Each scenario runs with each engine and against each server that were asked for; the figures are printed, and
the exit code tells whether they are as promised. `make test` runs a small number of each, see `test_crash`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.crash.books import Books
from tests.crash.place import Place
from tests.crash.rig import ENGINES, SERVERS, running_rig
from tests.crash.run import Plan, kill_and_count
from tests.crash.steps import STEPS

if TYPE_CHECKING:
    from tests.crash.rig import Rig

SCENARIOS: dict[str, tuple[dict[str, Any], bool]] = {
    "random": ({}, False),
    "steps": ({"steps": tuple(step for step in STEPS if "mark_dots" not in step)}, False),
    "hold-random": ({}, True),
    "hold-steps": ({"steps": STEPS}, True),
    "drops": ({"drops": True}, False),
    "hold-drops": ({"drops": True}, True),
    "stops": ({"stops": 4}, False),
    "hold-stops": ({"stops": 4}, True),
    "jumps": ({"jumps": True}, False),
}


def main() -> int:
    """Run what is asked for."""
    asked = _asked()
    total, failed = Books(), False
    with tempfile.TemporaryDirectory(prefix="envoi-crash-") as name, running_rig(Path(name)) as rig:
        for number, way in enumerate(product(asked.engines, asked.servers, asked.scenarios or SCENARIOS)):
            engine, server, scenario = way
            options, hold = SCENARIOS[scenario]
            plan = Plan(kills=asked.kills, seconds=asked.seconds, **options)
            if plan.drops and server != "own":
                continue  # ours alone drops connections when it is told to
            folder = Path(name) / str(number)
            folder.mkdir()
            books = _run(rig, engine, server, plan, folder, hold=hold)
            problems = books.problems(hold=hold)
            failed = failed or bool(problems)
            total += books
            print(f"{engine}, {server}, {scenario}: {books}", *problems, sep="\n  !! ", flush=True)  # noqa: T201
    print(f"altogether: {total}")  # noqa: T201
    return int(failed)


def _run(rig: Rig, engine: str, server: str, plan: Plan, folder: Path, *, hold: bool) -> Books:
    recipient = f"run-{folder.name}@example.org"
    with rig.database(engine) as database, rig.server(server, folder, drops=plan.drops) as running:
        place = Place(
            folder=folder, database=database, session=running.session, recipient=recipient, hold=hold
        )
        return kill_and_count(place, plan, partial(running.received, recipient))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("scenarios", nargs="*", choices=[[], *SCENARIOS], help="by default all of them")
    parser.add_argument("--engine", dest="engines", action="append", choices=ENGINES, help="by default both")
    parser.add_argument("--server", dest="servers", action="append", choices=SERVERS, help="by default both")
    parser.add_argument("--kills", type=int, default=200, help="processes to kill in each scenario")
    parser.add_argument("--seconds", type=float, default=3600.0, help="and no more after so long")
    asked = parser.parse_args()
    asked.engines, asked.servers = asked.engines or ENGINES, asked.servers or SERVERS
    return asked


if __name__ == "__main__":
    sys.exit(main())
