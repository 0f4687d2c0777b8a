"""A `Page` as aligned text: for pipes, files, and terminals without rich.

Lines are never wrapped, so that ``grep`` finds whole ones; a hint has a line of its own, below what it is
about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.cli.page import Mark, Page, Row, Section

__all__ = ["draw"]


def draw(page: Page, *, signs: bool = True) -> str:
    """Return the page as text with a line feed at its end; without `signs` the marks are ASCII."""
    return "".join(f"{line.rstrip()}\n" for line in _lines(page, signs=signs))


def _lines(page: Page, *, signs: bool) -> Iterator[str]:
    yield f"{_sign(page.mark, signs=signs)} {page.title}".lstrip()
    for number, section in enumerate(page.sections):
        if section.heading or number:
            yield ""
        if section.heading:
            yield f"  {section.heading}"
        yield from _rows(section, signs=signs)


def _rows(section: Section, *, signs: bool) -> Iterator[str]:
    marked = any(row.mark.value for row in section.rows)
    labels = max((len(row.label) for row in section.rows), default=0)
    for row in section.rows:
        start = "    " + (f"{_sign(row.mark, signs=signs):1} " if marked else "")
        start += f"{row.label:{labels}}  " if labels else ""
        yield from _row(row, start)


def _row(row: Row, start: str) -> Iterator[str]:
    yield start + row.text
    if row.hint:
        yield " " * len(start) + row.hint


def _sign(mark: Mark, *, signs: bool) -> str:
    return mark.value if signs else mark.ascii
