"""A `Page` in a terminal, by rich: colours, columns that wrap inside themselves.

Imported only when rich is installed and somebody looks. Texts are never read as markup: servers write them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from envoi.cli.page import Mark
from envoi.session.transcript import Speaker

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

    from rich.console import RenderableType

    from envoi.cli.page import Page, Section
    from envoi.session.transcript import TranscriptLine

__all__ = ["console", "draw", "progress_bar", "row_bar", "say"]

_COLOURS: Mapping[Mark, str] = {
    Mark.NONE: "bold",
    Mark.GOOD: "bold green",
    Mark.BAD: "bold red",
    Mark.WARNING: "bold yellow",
    Mark.UNKNOWN: "bold magenta",
    Mark.NOTE: "bold cyan",
}


_VOICES: Mapping[Speaker, str] = {Speaker.CLIENT: "cyan", Speaker.SERVER: "green", Speaker.NOTE: "dim"}


def console(stream: TextIO) -> Console:
    """Return rich's console for a stream; it looks at NO_COLOR, TERM and COLUMNS by itself."""
    return Console(file=stream, markup=False, highlight=False, emoji=False, soft_wrap=False)


def draw(page: Page, on: Console, *, signs: bool = True) -> None:
    """Draw the page."""
    title = Table.grid(padding=(0, 1, 0, 0))
    sign = [Text(_sign(page.mark, signs=signs), _COLOURS[page.mark])] if page.mark is not Mark.NONE else []
    title.add_row(*sign, Text(page.title, "bold"))
    parts: list[RenderableType] = [title]
    for number, section in enumerate(page.sections):
        if section.heading:
            parts.append(Text(f"\n  {section.heading}", "bold cyan"))
        elif number:
            parts.append(Text())
        parts.append(Padding(_table(section, signs=signs), (0, 0, 0, 4)))
    on.print(Group(*parts))


def say(line: TranscriptLine, on: Console) -> None:
    """Show a line of the dialogue in the colour of whoever said it."""
    colour = _VOICES[line.speaker]
    if line.speaker is Speaker.SERVER and line.text[:1] in ("4", "5"):
        colour = "red"
    on.print(Text(str(line), colour), soft_wrap=True)


def progress_bar(on: Console) -> Progress:
    """Return a bar that is gone when it is done."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=on, transient=True)


def row_bar(on: Console) -> Progress:
    """Return a bar for rows; it goes away when it is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=on, transient=True)


def _table(section: Section, *, signs: bool) -> Table:
    marked = any(row.mark is not Mark.NONE for row in section.rows)
    labelled = any(row.label for row in section.rows)
    table = Table.grid(padding=(0, 2, 0, 0))
    if marked:
        table.add_column(no_wrap=True)
    if labelled:
        table.add_column(overflow="fold", style="" if marked else "dim")
    table.add_column(overflow="fold", ratio=1)
    for row in section.rows:
        cells = [Text(_sign(row.mark, signs=signs), _COLOURS[row.mark])] if marked else []
        cells += [Text(row.label)] if labelled else []
        table.add_row(*cells, _with_hint(row.text, row.hint))
    return table


def _with_hint(text: str, hint: str) -> Text:
    cell = Text(text)
    if hint:
        cell.append(f"\n{hint}" if text else hint, "dim italic")
    return cell


def _sign(mark: Mark, *, signs: bool) -> str:
    return mark.value if signs else mark.ascii
