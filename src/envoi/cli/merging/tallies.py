"""A tally as people and programs read it: how many, and a table of failures.

Makes a `Page` for the eye and a JSON object for programs; counting is in `tally`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from envoi.cli.failures import failure_report, in_words
from envoi.cli.page import Mark, Page, Row, Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.cli.merging.tally import Failure, Tally

__all__ = ["tally_page", "tally_report"]

_SHOWN = 20
"""Failures in the table; all of them are in the report and in the JSON."""


def tally_page(tally: Tally, verb: str) -> Page:
    """Describe what became of the rows.

    Args:
        tally: the numbers.
        verb: what was done with a row that worked: "sent", "written", "ready".
    """
    failures = tuple(_failures(tally.failures))
    sections = (Section(rows=tuple(_numbers(tally))), Section(heading="Not " + verb, rows=failures))
    return Page(
        title=f"{tally.done} of {tally.rows} {'mail' if tally.rows == 1 else 'mails'} {verb}",
        mark=_verdict(tally),
        sections=tuple(section for section in sections if section.rows),
    )


def _verdict(tally: Tally) -> Mark:
    if tally.stopped_by is not None:
        return Mark.BAD
    if tally.unknown:
        return Mark.UNKNOWN
    return Mark.WARNING if tally.failures else Mark.GOOD


def _numbers(tally: Tally) -> Iterator[Row]:
    if tally.skipped:
        yield Row(label="Skipped", text=f"{tally.skipped}, sent before or not accepted for good")
    if tally.unknown:
        yield Row(
            label="Unknown",
            text=f"{tally.unknown}: the server may have accepted them",
            hint="Look into the server's log or ask the recipients; then --resend-unknown, or leave them.",
        )
    if tally.stopped_by is not None:
        what, remedy = in_words(tally.stopped_by)
        yield Row(label="Stopped", text=what, hint=remedy)


def _failures(failures: list[Failure]) -> Iterator[Row]:
    for failure in failures[:_SHOWN]:
        mark = Mark.UNKNOWN if failure.state == "unknown" else Mark.BAD
        yield Row(mark=mark, label=f"row {failure.row}  {failure.address}".rstrip(), text=failure.reason)
    if len(failures) > _SHOWN:
        yield Row(text=f"and {len(failures) - _SHOWN} more; --report FILE lists all")


def tally_report(tally: Tally, verb: str) -> dict[str, Any]:
    """Describe it for programs."""
    stopped = tally.stopped_by
    return {
        "rows": tally.rows,
        verb: tally.done,
        "skipped": tally.skipped,
        "unknown": tally.unknown,
        "failed": len(tally.failures) - tally.unknown,
        "failures": [asdict(failure) for failure in tally.failures],
        "stopped_by": None if stopped is None else failure_report(stopped),
    }
