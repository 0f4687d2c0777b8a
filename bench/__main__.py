"""Sending with envoi and with others, in interleaved rounds: ``make bench`` and ``make bench-quick``.

    python -m bench [--quick] [--only KEY …] [--write]

What is compared is in .cache/bench, where `scripts/bench-environment` puts it. Prints each table as soon as
it is there, and the goals at the end; with ``--write`` it also writes docs/benchmarks.md and its plots. Takes
a quarter of an hour; quick, a minute.
"""

from __future__ import annotations

import ssl
import subprocess
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from time import perf_counter

from bench import imports
from bench.disciplines import ALL, QUICK, Discipline
from bench.report import goal_lines, page, table_lines
from bench.results import Results
from bench.rounds import Rig, compete
from tests.servers.certificates import create_authority

_ROOT = Path(__file__).resolve().parent.parent
_PEERS = _ROOT / ".cache" / "bench"
_KEPT = _PEERS / "results.json"
_DOCS = _ROOT / "docs"


def _trusted(folder: Path, authority: Path) -> Path:
    """The system's authorities and the sinks' own: loading the many is part of what is measured."""
    system = ssl.get_default_verify_paths().cafile
    together = folder / "authorities.pem"
    together.write_bytes(authority.read_bytes() + (Path(system).read_bytes() if system else b""))
    return together


def _rig(folder: Path, *, quick: bool) -> Rig:
    made = create_authority(folder, client_name="bench")
    return Rig(
        peers=_PEERS,
        folder=folder,
        authority=_trusted(folder, made.ca_file),
        certificate=made.good.chain,
        rounds=3 if quick else 7,
        seconds=0.08 if quick else 0.2,
    )


def run(disciplines: tuple[Discipline, ...], rig: Rig) -> Results:
    """Run them all, and show each."""
    results = Results(rounds=rig.rounds, imports=imports.measure(3 * rig.rounds))
    started = perf_counter()
    for discipline in disciplines:
        results.outcomes[discipline.key] = compete(discipline, rig)
        print(f"\n{discipline.title} ({perf_counter() - started:.0f} s)\n")
        print("\n".join(table_lines(discipline, results)), flush=True)
    print("\ngoals\n")
    print("\n".join(goal_lines(results)), flush=True)
    return results


def write(results: Results, rig: Rig) -> None:
    """The page and the plots."""
    (_DOCS / "benchmarks.md").write_text(page(results), "utf-8")
    command = [str(rig.python), "-m", "bench.plot", str(_KEPT), str(_DOCS / "benchmarks")]
    subprocess.run(command, cwd=_ROOT, check=True)


def main() -> None:
    """Run what was asked for."""
    parser = ArgumentParser(prog="python -m bench")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="*", metavar="KEY", help=", ".join(one.key for one in ALL))
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    chosen = QUICK if given.quick else ALL
    if given.only:
        chosen = tuple(one for one in ALL if one.key in given.only)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # Postfix's processes have users of their own
        rig = _rig(folder, quick=given.quick)
        results = run(chosen, rig)
    results.write(_KEPT)
    if given.write:
        write(results, rig)


if __name__ == "__main__":
    main()
