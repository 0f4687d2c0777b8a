"""Text that flows to the width of the reader's window: format=flowed (RFC 3676).

A line that ends in a space goes on in the next one, so that long paragraphs need no long lines and short
windows no broken ones. Only the layout of the text changes; charset and transfer encoding are in `encode`.
"""

from __future__ import annotations

__all__ = ["flowed", "unflowed"]

_COLUMNS = 72
"""Columns of a flowed line, below the 78 that RFC 3676 §4.2 allows, so that quoting has room."""


def flowed(text: str) -> str:
    """The text with its paragraphs wrapped; words and line ends of the author stay."""
    return "\n".join(_wrapped(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def unflowed(text: str) -> str:
    """What `flowed` was given, but for spaces at the ends of lines."""
    lines: list[str] = []
    joins = False
    for line in text.split("\n"):
        plain = line.removeprefix(" ")
        if joins:
            lines[-1] += plain
        else:
            lines.append(plain)
        joins = plain.endswith(" ") and plain != "-- "
    return "\n".join(lines)


def _wrapped(line: str) -> str:
    if line == "-- ":  # the mark of a signature is no flowed line (RFC 3676 §4.3)
        return line
    line = line.rstrip(" ")
    lines: list[str] = []
    while len(line) > _COLUMNS:
        cut = line.rfind(" ", 0, _COLUMNS)
        if cut <= 0 or line[: cut + 1] == "-- ":
            cut = line.find(" ", _COLUMNS)
        if cut <= 0:
            break
        lines.append(_stuffed(line[: cut + 1]))
        line = line[cut + 1 :]
    return "\n".join([*lines, _stuffed(line)])


def _stuffed(line: str) -> str:
    """A space in front where the line would be read as quoted, stuffed or a mailbox's separator (§4.4)."""
    return f" {line}" if line.startswith((" ", ">", "From ")) else line
