"""A mail merge from the rows to the server: composing alone, sending alone, both at once, and the command.

    python -m bench.merge.sending [MAILS] [--write FILE]

Each figure is a process of its own, so that its peak of memory (VmHWM) is its own; a tenth of the mails is
done beside it, because what grows with their number shows there. Rows come from a CSV file, mails go to the C
sink over one connection in clear, or four by a pool. The command runs on a terminal, with its progress bar.
"""

from __future__ import annotations

import csv
import json
import os
import pty
import subprocess
import sys
import tempfile
import threading
from argparse import ArgumentParser
from collections import deque
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from bench.delay import delayed
from bench.merge.compare import HTML, SENDER, SUBJECT, TEXT, rows
from bench.sinks.native import best_sink, running
from envoi import RawEmail, Receipt, SMTPSession, Template, merge
from envoi.pool import SMTPPool

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envoi import Email, EnvoiError

_ROOT = Path(__file__).resolve().parents[2]
_READY = 1000
"""Ready-made mails that take turns where sending alone is measured."""

LETTERS: dict[str, dict[str, str]] = {
    "short": {"subject": SUBJECT, "text": "Bonjour {{ name }},\n\nVotre code : {{ code }}\n"},
    "long": {"subject": SUBJECT, "text": TEXT, "html": HTML},
}
"""Two lines of text; text and HTML of 10 KiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one process did: mails per second of wall time, µs of CPU per mail, and its peak of memory."""

    mails: int
    seconds: float
    cpu: float
    peak: int

    @property
    def rate(self) -> float:
        """Mails per second."""
        return self.mails / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a process is to do, as its arguments say it."""

    way: str
    letter: str
    table: str
    port: int
    mails: int
    window: int = 1

    def done(self) -> Figure:
        """By a process of its own."""
        command = [sys.executable, "-m", "bench.merge.sending", "--task", json.dumps(_as_dict(self))]
        terminal, other = pty.openpty()
        drawing = threading.Thread(target=_read_all, args=(terminal,))
        drawing.start()
        try:
            answer = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, stderr=other, text=True, cwd=_ROOT
            )
        finally:
            os.close(other)
            drawing.join()
        seconds, cpu, peak = json.loads(answer.stdout.splitlines()[-1])
        return Figure(mails=self.mails, seconds=seconds, cpu=cpu, peak=peak)

    def work(self) -> None:
        """Do it here."""
        letter = Template(sender=SENDER, **LETTERS[self.letter])
        mails: Iterator[Email | RawEmail] = merge(letter, Path(self.table))
        if self.way == "sending":
            mails = _ready_made(mails, self.mails)
        if self.way == "composing":
            for mail in mails:
                deque(mail.chunks(), maxlen=0)  # type: ignore[union-attr]
        elif self.way == "command":
            self._command()
        elif self.way == "pool":
            with SMTPPool(self.url, connections=4) as pool:
                _look_at(pool.send_all(mails, concurrency=4))
        else:
            with SMTPSession.from_url(self.url) as session:
                _look_at(session.send_all(mails, window=self.window))

    @property
    def url(self) -> str:
        """The server."""
        return f"smtp+plaintext://127.0.0.1:{self.port}"

    def _command(self) -> None:
        from envoi.cli import main

        folder = Path(self.table).parent / self.letter
        folder.mkdir(exist_ok=True)
        for part, text in LETTERS[self.letter].items():
            name = {"subject": "letter.subject.txt", "text": "letter.txt", "html": "letter.html"}[part]
            (folder / name).write_text(text, "utf-8")
        sys.argv = ["envoi", "merge", str(folder / "letter"), self.table, "--from", SENDER]
        sys.argv += ["--send", "--server", self.url, "--window", str(self.window), "--json"]
        if main():
            raise RuntimeError("envoi merge did not send everything")


def _as_dict(task: Task) -> dict[str, object]:
    return {name: getattr(task, name) for name in Task.__slots__}


def _ready_made(mails: Iterator[Email | RawEmail], count: int) -> Iterator[RawEmail]:
    octets = [mail.to_bytes() for mail in islice(mails, _READY)]  # type: ignore[union-attr]
    for number in range(count):
        yield RawEmail(octets[number % _READY], sender=SENDER, recipients=[f"user{number}@example.org"])


def _look_at(results: Iterable[Receipt | EnvoiError]) -> None:
    for result in results:
        if not isinstance(result, Receipt):
            raise result


def _read_all(terminal: int) -> None:
    try:
        while os.read(terminal, 1 << 16):
            pass
    except OSError:  # The other end is closed.
        os.close(terminal)


def _peak() -> int:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def _perform(task: Task) -> None:
    began, cpu = perf_counter(), process_time()
    task.work()
    print(json.dumps([perf_counter() - began, process_time() - cpu, _peak()]))


def _written(path: Path, count: int) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["email", "name", "code"])
        writer.writeheader()
        writer.writerows(rows(count))
    return str(path)


WAYS = (
    ("composing", 1, 0.0, 1, "composing alone"),
    ("sending", 64, 0.0, 1, "sending alone, window 64"),
    ("both", 64, 0.0, 1, "both, window 64"),
    ("command", 64, 0.0, 1, "`envoi merge`, window 64"),
    ("sending", 256, 10.0, 10, "10 ms: sending alone, window 256"),
    ("both", 256, 10.0, 10, "10 ms: both, window 256"),
    ("sending", 1, 10.0, 250, "10 ms: sending alone, window 1"),
    ("both", 1, 10.0, 250, "10 ms: both, window 1"),
    ("pool", 1, 10.0, 100, "10 ms: both, pool of 4"),
)
"""Way, window, milliseconds of the round trip, which part of the mails, and what it is called."""


def _lines(folder: Path, letter: str, mails: int, sink: int) -> Iterator[str]:
    yield f"| {letter} | mails | mails/s | µs of CPU per mail | peak | peak of a tenth |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for way, window, trip, part, title in WAYS:
        found = []
        with delayed(sink, trip) as port:
            for count in (mails // part, mails // part // 10):
                table = _written(folder / "rows.csv", count)
                task = Task(way=way, letter=letter, table=table, port=port, mails=count, window=window)
                found.append(task.done())
        all_of_them, tenth = found
        yield (
            f"| {title} | {all_of_them.mails:,} | {all_of_them.rate:,.0f} "
            f"| {all_of_them.cpu / all_of_them.mails * 1e6:.1f} "
            f"| {all_of_them.peak / 2**20:.1f} MiB | {tenth.peak / 2**20:.1f} MiB |"
        )


def main() -> None:
    """Measure, and print or write the tables."""
    parser = ArgumentParser(
        prog="python -m bench.merge.sending", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("mails", type=int, nargs="?", default=100_000)
    parser.add_argument("--write", type=Path, metavar="FILE", help="append the tables to FILE")
    parser.add_argument("--task", help="what a process of its own is to do")
    given = parser.parse_args()
    if given.task is not None:
        _perform(Task(**json.loads(given.task)))
        return
    with tempfile.TemporaryDirectory() as folder, running(best_sink()) as sink:
        for letter, share in (("short", 1), ("long", 5)):
            for line in _lines(Path(folder), letter, given.mails // share, sink.port):
                print(line, flush=True)
                if given.write is not None:
                    with given.write.open("a", encoding="utf-8") as file:
                        file.write(f"{line}\n")
            print()


if __name__ == "__main__":
    main()
