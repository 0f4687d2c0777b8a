"""What is shown, before anybody knows where: a title, sections, rows.

Commands make a `Page`; `plain` and `coloured` draw it. So a result is described once, and looks right in a
terminal, in a pipe and without rich alike. Control characters end here: servers and certificates write part
of the texts, and none of them may move a cursor.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Mark", "Page", "Row", "Section"]


class Mark(Enum):
    """How something is, at a glance. The value is the sign; `ascii` is for terminals that cannot show it."""

    NONE = ""
    GOOD = "✓"
    BAD = "✗"
    WARNING = "!"
    UNKNOWN = "?"
    NOTE = "·"

    @property
    def ascii(self) -> str:
        """The same in ASCII."""
        return {"✓": "+", "✗": "x", "·": "-"}.get(self.value, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line: what it is about, and what is the case.

    Attributes:
        hint: what to do about it; shown below the text.
    """

    label: str = ""
    text: str = ""
    mark: Mark = Mark.NONE
    hint: str = ""

    def __post_init__(self) -> None:
        for name in ("label", "text", "hint"):
            object.__setattr__(self, name, _printable(getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Rows that belong together."""

    rows: tuple[Row, ...]
    heading: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that is shown at once."""

    title: str
    mark: Mark = Mark.NONE
    sections: tuple[Section, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", _printable(self.title))


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "?" for char in text)
