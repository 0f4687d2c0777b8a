from __future__ import annotations

import pytest

from envoi.testing.transcript import Action, parse


def test_reads_lines_of_both_sides() -> None:
    ((said, expected),) = parse("S: 220 é\nC: EHLO *\n")
    assert (said.action, said.octets, said.line) == (Action.SAY, "220 é\r\n".encode(), 1)
    assert (expected.action, expected.text, expected.line) == (Action.EXPECT, "EHLO *", 2)


def test_skips_comments_and_blank_lines() -> None:
    assert parse("# a comment\n\n   \n") == ((),)


def test_takes_files_of_other_systems_and_indented_text() -> None:
    assert parse("    S: 220 hi\r\n    C:\r\n") == parse("S: 220 hi\nC:\n")


def test_separates_connections() -> None:
    assert [len(steps) for steps in parse("S: 421 no\n* close\n* connect\nS: 220 hi")] == [2, 1]
    assert [len(steps) for steps in parse("* connect\nS: 220 hi")] == [1]


def test_reads_raw_octets() -> None:
    ((step,),) = parse(r"* raw a\x00\r\n\t\\b")
    assert step.octets == b"a\x00\r\n\t\\b"


def test_repeats_a_line() -> None:
    ((step,),) = parse("* repeat 3 250-a")
    assert step.octets == b"250-a\r\n" * 3


def test_reads_numbers() -> None:
    ((octets, wait),) = parse("* octets 12\n* wait 0.5")
    assert (octets.number, wait.number) == (12.0, 0.5)


@pytest.mark.parametrize(
    "line",
    [
        "220 hi",
        "* explode",
        "* close now",
        "* wait",
        "* wait long",
        r"* raw \q",
        "* tls perhaps",
        "* repeat x y",
    ],
)
def test_refuses_what_makes_no_sense(line: str) -> None:
    with pytest.raises(ValueError, match="line 2 of the transcript"):
        parse(f"S: 220 hi\n{line}")
