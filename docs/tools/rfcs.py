"""Writes docs/rfcs.md: clause → module → tests, from what the sources and tests say themselves.

A clause is "RFC 5321 §4.5.2" in a docstring or a comment. Its tests are those of the module that names it
(the layout of tests/ says which), and those that name the clause. Run by `make docs`; a test checks that the
file is what this makes of the sources. Titles of RFCs are in `rfc_titles.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE, TESTS, PAGE = ROOT / "src" / "envoi", ROOT / "tests", ROOT / "docs" / "rfcs.md"
TITLES: dict[str, str] = tomllib.loads(
    (Path(__file__).parent / "rfc_titles.toml").read_text("utf-8")
)
ELSEWHERE: dict[str, str] = tomllib.loads(
    (TESTS / "house" / "tested_elsewhere.toml").read_text("utf-8")
)

# "RFC 6376 §3.4.2 and §3.4.4", a line end in between included, which in comments begins with a number sign.
_GAP = r"(?:[ \t]|\n[ \t]*(?:#[ \t]*)?)+"
_WORD = rf"(?:and{_GAP}|to{_GAP})?"
_CITED = re.compile(
    rf"RFC{_GAP}(?P<number>\d{{3,5}})(?P<clauses>(?:,?{_GAP}{_WORD}§{{1,2}}[\d.A-Z]*[\dA-Z])*)"
)
_CLAUSE = re.compile(r"[\d.A-Z]*[\dA-Z]")
_INTRODUCTION = """\
# RFCs

Which clause is honoured where, and what shows it. This page is made of the sources by `make docs`: a module
or a test that names a clause is listed beside it. "All of it" is where the RFC is named without a clause.
Modules are below `src/envoi/`, tests below `tests/`.
"""


@dataclass(slots=True)
class Places:
    """Where a clause is named."""

    modules: set[str] = field(default_factory=set)
    tests: set[str] = field(default_factory=set)


def citations(text: str) -> set[tuple[int, str]]:
    """The RFCs and clauses that a text names; the clause is empty where the RFC stands alone."""
    found: set[tuple[int, str]] = set()
    for match in _CITED.finditer(text):
        clauses = _CLAUSE.findall(re.sub(r"#|and|to", " ", match["clauses"])) or [""]
        found |= {(int(match["number"]), clause) for clause in clauses}
    return found


def gathered() -> dict[int, dict[str, Places]]:
    """RFC → clause → places."""
    rfcs: dict[int, dict[str, Places]] = defaultdict(lambda: defaultdict(Places))
    for path in sorted(SOURCE.rglob("*.py")):
        for number, clause in citations(path.read_text("utf-8")):
            places = rfcs[number][clause]
            places.modules.add(path.relative_to(SOURCE).as_posix())
            places.tests |= _tests_of(path)
    for path in sorted(TESTS.rglob("*.py")):
        for number, clause in citations(path.read_text("utf-8")):
            # A clause that no module names is a detail of a test.
            if clause in rfcs.get(number, {}):
                rfcs[number][clause].tests.add(path.relative_to(TESTS).as_posix())
    return rfcs


def _tests_of(module: Path) -> set[str]:
    relative = module.relative_to(SOURCE)
    mirrored = relative.with_name(f"test_{relative.name.lstrip('_')}")
    if (TESTS / mirrored).exists():
        return {mirrored.as_posix()}
    return {ELSEWHERE[relative.as_posix()]} if relative.as_posix() in ELSEWHERE else set()


def written() -> str:
    """The page."""
    parts = [_INTRODUCTION]
    rfcs = gathered()
    for number in sorted(rfcs):
        heading = f"RFC {number}: {TITLES[str(number)]}"
        parts.append(f"\n## {heading}\n\n| clause | modules | tests |\n| --- | --- | --- |\n")
        for clause in sorted(rfcs[number], key=_order):
            places = rfcs[number][clause]
            name = f"§{clause}" if clause else "all of it"
            parts.append(
                f"| {name} | {_listed(places.modules)} | {_listed(places.tests)} |\n"
            )
    return "".join(parts)


def _order(clause: str) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isdigit() else (10_000, part)
        for part in clause.split(".")
        if clause
    ]


def _listed(paths: set[str]) -> str:
    return "<br>".join(f"`{path}`" for path in sorted(paths))


if __name__ == "__main__":
    PAGE.write_text(written(), "utf-8")
