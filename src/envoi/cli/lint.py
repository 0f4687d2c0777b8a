"""``envoi lint``: what will hurt a message, before it is sent.

The checks are those of `Email.problems()` (`envoi.message.problems`); here are files, the drawing and the
exit code. Files are read in pieces, however large they are, and nothing is looked up in the network.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from envoi.cli.exits import Exit
from envoi.cli.files import checked
from envoi.cli.page import Mark, Page, Row, Section
from envoi.errors import UsageError
from envoi.message.problems import Kind, Severity, examine

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Sequence

    from envoi.cli.terminal import Terminal
    from envoi.message.problems import Problem

    Looked = tuple[str, Sequence[Problem]]

__all__ = ["EXAMPLES", "SUMMARY", "USAGE", "add_options", "run"]

SUMMARY = "look through finished messages for what will hurt their delivery"
USAGE = "[FILE ...] [options]"
EXAMPLES = """\
examples:
  envoi lint newsletter.eml                       # 0: fine, 1: warnings, 2: faults
  envoi lint outgoing/*.eml --strict              # hints count as well
  envoi send ... --text Hi --dry-run | envoi lint -
  envoi lint mail.eml --ignore no-plain-text --ignore subject
  envoi lint *.eml --json | jq '.messages[] | select(.verdict == "fault") | .file'
"""
_PIECE = 1 << 16
_MARKS = {Severity.FAULT: Mark.BAD, Severity.WARNING: Mark.WARNING, Severity.HINT: Mark.NOTE}


def add_options(parser: ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        help="finished messages (.eml); - for standard input, which is also the default",
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 for hints as well as for warnings")
    parser.add_argument(
        "--ignore",
        metavar="KIND",
        action="append",
        default=[],
        choices=[kind.value for kind in Kind],
        help="say nothing about problems of this kind, which is the word in brackets",
    )
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="print what was found as one JSON object")


def run(given: Namespace, terminal: Terminal) -> Exit:
    """Look through the messages.

    Raises:
        UsageError: there is nothing to look at.
        OSError: a file cannot be read.
    """
    if not given.files and not terminal.has_input:
        raise UsageError("which message? Name a file, or pipe one in")
    # All of them first: nobody should find out about the last file after an hour.
    names = [name if name == "-" else checked(name) for name in given.files or ["-"]]
    now = datetime.now(UTC)
    ignored = {Kind(word) for word in given.ignore}
    looked = _look(names, now, ignored, terminal)
    if given.json:
        found = list(looked)
        report = {"messages": [_report(*one) for one in found]}
        terminal.print(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    else:
        found = list(_shown(looked, terminal))
    return _exit([problem for _, problems in found for problem in problems], strict=given.strict)


def _look(names: list[str], now: datetime, ignored: set[Kind], terminal: Terminal) -> Iterator[Looked]:
    for name in names:
        pieces = (terminal.read_input(),) if name == "-" else _pieces(Path(name))
        problems = [problem for problem in examine(pieces, now=now) if problem.kind not in ignored]
        yield ("standard input" if name == "-" else name), problems


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _shown(looked: Iterator[Looked], terminal: Terminal) -> Iterator[Looked]:
    """Show each message as soon as it has been looked at."""
    for number, (name, problems) in enumerate(looked):
        if number:
            terminal.print("\n")
        terminal.show(_page(name, problems))
        yield name, problems


def _page(name: str, problems: Sequence[Problem]) -> Page:
    rows = tuple(
        Row(
            mark=_MARKS[problem.severity],
            label=problem.where,
            text=f"{problem.what} [{problem.kind.value}]",
            hint=problem.remedy,
        )
        for problem in problems
    )
    mark = _MARKS[problems[0].severity] if problems else Mark.GOOD
    title = f"{name}: {_count(problems)}"
    return Page(title=title, mark=mark, sections=(Section(rows=rows),) if rows else ())


def _count(problems: Sequence[Problem]) -> str:
    counts = ((severity, sum(problem.severity is severity for problem in problems)) for severity in Severity)
    words = [f"{count} {severity.value}{'s' * (count > 1)}" for severity, count in counts if count]
    return ", ".join(words) or "nothing is wrong with it"


def _report(name: str, problems: Sequence[Problem]) -> dict[str, object]:
    return {
        "file": name,
        "verdict": problems[0].severity.value if problems else "good",
        "problems": [
            {
                "kind": problem.kind.value,
                "severity": problem.severity.value,
                "where": problem.where,
                "what": problem.what,
                "remedy": problem.remedy,
            }
            for problem in problems
        ],
    }


def _exit(problems: Sequence[Problem], *, strict: bool) -> Exit:
    found = {problem.severity for problem in problems}
    if Severity.FAULT in found:
        return Exit.FAULTY
    return Exit.IN_PART if Severity.WARNING in found or (strict and found) else Exit.OK
