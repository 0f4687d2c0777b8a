"""Goals and pages of runs that are made up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.child import Turn
from bench.disciplines import ALL, QUICK
from bench.goals import verdicts
from bench.imports import PROGRAMS
from bench.report import goal_lines, page, table_lines
from bench.results import Results
from bench.rounds import Outcome

if TYPE_CHECKING:
    from pathlib import Path

CHUNKED = next(one for one in ALL if one.key == "bytes-10 KiB")


def turns(*micros: float) -> list[Turn]:
    return [Turn(messages=100, seconds=0.1, cpu=each / 1e4, peak=20480) for each in micros]


def results(ours: list[Turn], theirs: list[Turn], **left_out: str) -> Results:
    outcome = Outcome(turns={"smtplib": theirs, "envoi pool.send": ours}, left_out=left_out)
    return Results(rounds=len(ours), outcomes={CHUNKED.key: outcome})


def verdict(found: Results):
    return next(iter(verdicts(found)))


def test_a_goal_is_met_by_the_median_of_the_rounds() -> None:
    met = verdict(results(turns(20, 20, 90), turns(100, 100, 100)))
    assert (met.found, met.is_met, met.mark) == (0.2, True, "✔")


def test_a_goal_is_missed() -> None:
    assert verdict(results(turns(26), turns(100))).mark == "✘"


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert {each.is_met for each in verdicts(Results(rounds=1))} == {None}
    assert all("not measured" in line for line in list(goal_lines(Results(rounds=1)))[2:])


def test_every_goal_speaks_of_contestants_that_take_part() -> None:
    everybody = {
        one.key: Outcome(turns={contestant.name: turns(1) for contestant in one.contestants}) for one in ALL
    }
    imports = {program: [1.0] for program in PROGRAMS}
    found = Results(rounds=1, outcomes=everybody, imports=imports)
    assert [each.work for each in verdicts(found) if each.found is None] == []


def test_a_table_has_a_line_for_each_and_says_who_was_left_out() -> None:
    lines = list(table_lines(CHUNKED, results(turns(20, 30), turns(100, 100), other="it is not here")))
    assert lines[2].startswith("| smtplib | 100 | 100 – 100 | 1.00 | 1,000 |")
    assert lines[3].startswith("| envoi pool.send | 25.0 | 22.5 – 27.5 | 0.25 |")
    assert lines[-1] == "\nLeft out: other; it is not here."


def test_results_survive_a_file(tmp_path: Path) -> None:
    kept = results(turns(1, 2), turns(3, 4), other="why")
    kept.write(tmp_path / "results.json")
    assert Results.read(tmp_path / "results.json") == kept


def test_a_page_has_all_tables() -> None:
    found = results(turns(20), turns(100))
    found.imports = {program: [1000.0] for program in PROGRAMS}
    assert "## 10 KiB, ready-made octets" in page(found)


def test_keys_are_unique_and_the_quick_ones_exist() -> None:
    keys = [one.key for one in ALL]
    assert len(set(keys)) == len(keys)
    assert len(QUICK) == 4
    assert all(one.reference in {contestant.name for contestant in one.contestants} for one in ALL)
