from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Literal

import pytest

from envoi.cli.exits import Exit
from envoi.cli.merging.tallies import tally_page, tally_report
from envoi.cli.merging.tally import Failure, Report, Tally
from envoi.errors import AuthenticationFailed, Phase, Retry, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def failure(row: int = 1, state: Literal["failed", "unknown"] = "failed", reason: str = "no") -> Failure:
    return Failure(row=row, address="a@example.org", state=state, reason=reason)


def tally(*failures: Failure, done: int = 0, skipped: int = 0, stopped_by: Exception | None = None) -> Tally:
    made = Tally()
    made.done, made.skipped, made.stopped_by = done, skipped, stopped_by
    for one in failures:
        made.fail(one)
    return made


REFUSED = AuthenticationFailed("no login", phase=Phase.AUTH, retry=Retry.NEVER, remedy="Ask for one")


@pytest.mark.parametrize(
    ("counted", "code"),
    [
        (tally(done=2), Exit.OK),
        (tally(), Exit.OK),
        (tally(failure(), done=1), Exit.IN_PART),
        (tally(failure(), skipped=1), Exit.IN_PART),
        (tally(failure()), Exit.DATA),
        (tally(failure(), done=1, stopped_by=REFUSED), Exit.NO_PERMISSION),
        (tally(failure(state="unknown"), failure(), done=1, stopped_by=REFUSED), Exit.UNKNOWN),
    ],
)
def test_the_code_says_the_gravest(counted: Tally, code: Exit) -> None:
    assert counted.exit is code


def test_shows_numbers_and_failures() -> None:
    page = tally_page(tally(failure(2), failure(3, "unknown"), done=1, skipped=4, stopped_by=REFUSED), "sent")
    assert page.title == "1 of 7 mails sent"
    numbers, failures = page.sections
    assert [row.label for row in numbers.rows] == ["Skipped", "Unknown", "Stopped"]
    assert [row.label for row in failures.rows] == ["row 2  a@example.org", "row 3  a@example.org"]


def test_shows_twenty_failures_and_counts_the_others() -> None:
    page = tally_page(tally(*(failure(n) for n in range(1, 24))), "written")
    assert len(page.sections[0].rows) == 21
    assert page.sections[0].rows[-1].text == "and 3 more; --report FILE lists all"


def test_one_mail_is_one() -> None:
    page = tally_page(tally(done=1), "sent")
    assert (page.title, page.sections) == ("1 of 1 mail sent", ())


def test_describes_itself_for_programs() -> None:
    report = tally_report(tally(failure(2), failure(3, "unknown"), done=1, stopped_by=REFUSED), "sent")
    assert (report["rows"], report["sent"], report["failed"], report["unknown"]) == (3, 1, 1, 1)
    assert report["failures"][0] == {"row": 2, "address": "a@example.org", "state": "failed", "reason": "no"}
    assert report["stopped_by"]["error"] == "no login"


@pytest.mark.parametrize("name", ["f.csv", "f.jsonl"])
def test_reports_each_failure_at_once(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with Report(path) as report:
        counted = Tally(report)
        counted.fail(failure(7, reason="=cmd|' /C calc'!A1 Zoë\nx"))
        text = path.read_text("utf-8")
    if name.endswith("csv"):
        (line,) = csv.DictReader(text.splitlines(keepends=True))
        assert line["reason"] == "'=cmd|' /C calc'!A1 Zoë\nx"
    else:
        line = json.loads(text)
        assert line["reason"] == "=cmd|' /C calc'!A1 Zoë\nx"
    assert str(line["row"]) == "7"


def test_a_report_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither"):
        Report(tmp_path / "f.txt")
