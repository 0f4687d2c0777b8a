"""What became of the rows: counted, and the failures noted one by one.

`Tally` is filled by whoever goes through the rows and read by whoever shows the result (`tallies`); a failure
is written to ``--report`` at once, so that the file is there even if the process ends early.
"""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, TextIO

from envoi.cli.exits import Exit, exit_of
from envoi.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

__all__ = ["Failure", "Report", "Tally"]

_COLUMNS = ("row", "address", "state", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A row that was not sent, or of which nobody knows.

    Attributes:
        row: its number.
        address: to whom; empty when the row does not say.
        state: ``failed``, or ``unknown`` when the server may have accepted it.
        reason: in words.
    """

    row: int
    address: str
    state: Literal["failed", "unknown"]
    reason: str


class Report:
    """The file of ``--report``: CSV or JSON Lines, by its name.

    Raises:
        UsageError: its name ends in neither ``.csv`` nor ``.jsonl``.
        OSError: it cannot be written.
    """

    __slots__ = ("_file", "_is_csv")

    def __init__(self, path: Path) -> None:
        ending = path.suffix.lower()
        if ending not in (".csv", ".jsonl"):
            raise UsageError(f"--report {path} ends in neither .csv nor .jsonl")
        self._is_csv = ending == ".csv"
        self._file: TextIO = path.open("w", encoding="utf-8", newline="")
        if self._is_csv:
            csv.writer(self._file).writerow(_COLUMNS)

    def add(self, failure: Failure) -> None:
        """Write one line; it is in the file when this returns."""
        values = asdict(failure)
        if self._is_csv:
            csv.writer(self._file).writerow([_harmless(str(values[name])) for name in _COLUMNS])
        else:
            self._file.write(json.dumps(values, ensure_ascii=False) + "\n")
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()


class Tally:
    """How many rows had which end.

    Attributes:
        done: rows that were sent, or written, or would be.
        skipped: rows that had been sent before.
        failures: the others.
        stopped_by: the error that ended everything, if one did.
        total: how many rows there are, when that is known.
    """

    __slots__ = ("_report", "done", "failures", "skipped", "stopped_by", "total")

    def __init__(self, report: Report | None = None, *, total: int | None = None) -> None:
        self._report = report
        self.total = total
        self.done = 0
        self.skipped = 0
        self.failures: list[Failure] = []
        self.stopped_by: Exception | None = None

    @property
    def rows(self) -> int:
        """All rows, or those that were looked at so far."""
        return self.done + self.skipped + len(self.failures) if self.total is None else self.total

    @property
    def unknown(self) -> int:
        """Rows of which nobody knows whether they were accepted."""
        return sum(1 for failure in self.failures if failure.state == "unknown")

    def fail(self, failure: Failure) -> None:
        """Count a failure, and report it."""
        self.failures.append(failure)
        if self._report is not None:
            self._report.add(failure)

    @property
    def exit(self) -> Exit:
        """The code for all of it: what is in doubt comes first, then what stopped it, then what failed."""
        if self.unknown:
            return Exit.UNKNOWN
        if self.stopped_by is not None:
            return exit_of(self.stopped_by)
        if not self.failures:
            return Exit.OK
        return Exit.IN_PART if self.done or self.skipped else Exit.DATA


def _harmless(cell: str) -> str:
    # Spreadsheets run what begins like a formula; servers write reasons.
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
