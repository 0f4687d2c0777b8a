"""Checks of the frame: line ends, line lengths, boundaries, nesting, size.

What is wrong here makes servers refuse the message, or lets two programs see two different ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.message.encode import LONGEST_LINE
from envoi.message.problems.problem import Kind, fault, hint, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.message.problems.outline import Lines, Outline, Part
    from envoi.message.problems.problem import Problem

__all__ = ["check_structure"]

_MIB = 1 << 20
_LARGE, _TOO_LARGE = 10 * _MIB, 25 * _MIB
_DEEP = 8
_LONGEST_BOUNDARY = 70
_COLUMNS = 78


def check_structure(message: Outline, size: int) -> Iterator[Problem]:
    """Everything that is wrong with the frame; `size` is that of the message in octets."""
    yield from _of_line_ends(message.lines)
    yield from _of_size(size)
    boundaries: set[str] = set()
    for part in message.root.walk():
        if part.is_multipart:
            yield from _of_multipart(part, boundaries)
        else:
            yield from _of_lines(part)
    deepest = max((part.depth for part in message.root.walk()), default=0)
    if deepest > _DEEP:
        yield warning(
            Kind.NESTING,
            "message",
            f"parts are nested {deepest} deep",
            "Attach files beside each other; filters stop looking after a few levels, or refuse the message.",
        )
    if message.unseen:
        yield hint(
            Kind.UNSEEN_TEXT,
            "message",
            f"{message.unseen} octets stand after the last boundary, where no reader shows them",
            "Put them into a part; footers are added there by mailing lists by mistake.",
        )


def _of_line_ends(lines: Lines) -> Iterator[Problem]:
    if lines.nul:
        yield fault(
            Kind.NUL,
            "message",
            f"it contains {lines.nul} NUL octets",
            "Encode the part that holds them in base64: servers refuse or remove NUL (RFC 5322 §2.2).",
        )
    if lines.cr:
        yield fault(
            Kind.LINE_ENDS,
            "message",
            f"{lines.cr} carriage returns have no newline behind them",
            "End each line with CR LF, nothing else: servers refuse others, since messages are smuggled so.",
        )
    if lines.crlf and lines.lf:
        yield warning(
            Kind.LINE_ENDS,
            "message",
            f"{lines.lf} lines end in a newline alone, {lines.crlf} in CR LF",
            "Use CR LF throughout (RFC 5322 §2.3); what repairs it on the way breaks signatures.",
        )


def _of_size(size: int) -> Iterator[Problem]:
    text = f"it has {size / _MIB:.1f} MiB"
    if size > _TOO_LARGE:
        yield fault(
            Kind.SIZE,
            "message",
            text,
            "Send a link to the file: Gmail, Yahoo and Outlook.com refuse more than about 25 MB, as encoded.",
        )
    elif size > _LARGE:
        yield warning(
            Kind.SIZE,
            "message",
            text,
            "Send a link to the file, or a smaller one: many servers take 10 MB, as encoded.",
        )


def _of_multipart(part: Part, boundaries: set[str]) -> Iterator[Problem]:
    boundary = part.boundary
    if not boundary:
        yield fault(
            Kind.BOUNDARY,
            part.where,
            "its type names no boundary",
            "Add boundary=… to Content-Type (RFC 2046 §5.1.1); without it the parts cannot be found.",
        )
        return
    if boundary in boundaries:
        yield fault(
            Kind.BOUNDARY,
            part.where,
            "its boundary is also that of another multipart",
            "Give each a boundary of its own; which part belongs where is a guess otherwise.",
        )
    boundaries.add(boundary)
    if len(boundary) > _LONGEST_BOUNDARY or boundary.endswith(" ") or not boundary.isprintable():
        yield warning(
            Kind.BOUNDARY,
            part.where,
            "its boundary is longer than 70 characters or has forbidden ones",
            "Use 1 to 70 letters and digits (RFC 2046 §5.1.1).",
        )
    if not part.parts:
        yield fault(
            Kind.BOUNDARY,
            part.where,
            "its boundary never occurs, so that it has no parts",
            "Separate the parts by lines of “--” and the boundary.",
        )
    elif not part.closed:
        yield warning(
            Kind.BOUNDARY,
            part.where,
            "its last boundary is missing: the message looks cut off",
            "End it with “--”, the boundary and “--” (RFC 2046 §5.1.1).",
        )


def _of_lines(part: Part) -> Iterator[Problem]:
    if part.longest > LONGEST_LINE:
        yield fault(
            Kind.LONG_LINE,
            part.where,
            f"a line of {part.longest:,} octets",
            f"Encode the part as quoted-printable or base64: more than {LONGEST_LINE} octets are refused, or "
            "cut in the middle of a word (RFC 5322 §2.1.1).",
        )
    elif (
        part.kind == "text/plain"
        and part.is_body
        and part.transfer in ("7bit", "8bit")
        and _wraps_badly(part)
    ):
        yield hint(
            Kind.LONG_LINE,
            part.where,
            f"a line of {part.longest} octets",
            f"Wrap it at {_COLUMNS} columns, or use format=flowed (Email: flowed=True); not all wrap it.",
        )


def _wraps_badly(part: Part) -> bool:
    # A line without a space is a URL, which nobody can wrap.
    lines = bytes(part.kept).split(b"\n")
    return not part.flowed and any(len(line.rstrip()) > _COLUMNS and b" " in line.strip() for line in lines)
