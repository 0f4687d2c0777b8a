"""One contestant in a process of its own: told a number, it does that many and says how long each took.

``python -m bench.outbox.turns NAME FOLDER`` answers each line of its standard input, a number, with a line
of JSON, a `Turn`. A contestant is a function in `contestants` that is given a folder and gives, within a
context, a function which does so many and returns how long each took; one that works for a time is given
milliseconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ROOT", "Contestant", "Turn", "started"]

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one turn took; `seconds` and `cpu` for all of it, `latencies` in seconds for each."""

    count: int
    seconds: float
    cpu: float
    latencies: tuple[float, ...] = ()

    @property
    def rate(self) -> float:
        """How many a second."""
        return self.count / self.seconds


class Contestant:
    """A process that takes turns."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def turn(self, count: int) -> Turn:
        """Let it do so many."""
        self.begin(count)
        return self.end()

    def begin(self, count: int) -> None:
        """Let it begin, to have others do something at the same time."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()

    def end(self) -> Turn:
        """Wait for what it says."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} ended")
        answer = json.loads(line)
        return Turn(**{**answer, "latencies": tuple(answer["latencies"])})


@contextmanager
def started(
    name: str, folder: Path, *, python: str = sys.executable, delay_ms: int = 0
) -> Iterator[Contestant]:
    """Start a contestant, on a disk that is slower by so much."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    if delay_ms:
        environment |= {"LD_PRELOAD": str(_slow_disk()), "FSYNC_DELAY_MS": str(delay_ms)}
    command = [python, "-m", "bench.outbox.turns", name, str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Contestant(process)
        assert process.stdin is not None
        process.stdin.close()


def _slow_disk() -> Path:
    library = ROOT / ".cache" / "bench" / "slow_disk.so"
    source = Path(__file__).with_name("slow_disk.c")
    if not library.exists() or library.stat().st_mtime < source.stat().st_mtime:
        library.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(source), "-ldl"], check=True)
    return library


def _cpu() -> float:
    return sum(use.ru_utime + use.ru_stime for use in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))


def main() -> None:
    """Take turns as the standard input says."""
    from bench.outbox import contestants

    with getattr(contestants, sys.argv[1])(Path(sys.argv[2])) as do:
        for line in sys.stdin:
            count, cpu, begun = int(line), _cpu(), perf_counter()
            latencies = do(count)
            seconds = perf_counter() - begun
            answer = {
                "count": len(latencies),
                "seconds": seconds,
                "cpu": _cpu() - cpu,
                "latencies": latencies,
            }
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
