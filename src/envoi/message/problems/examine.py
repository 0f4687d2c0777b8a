"""All checks, one after the other, the worst problem first.

A check is a function from the outline of a message to problems; adding one is a line in `_found`. The outline
is made in `scanner`, for an `Email` in `composed`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.message.problems.attached import check_attached
from envoi.message.problems.bodies import check_bodies
from envoi.message.problems.bulk import check_bulk
from envoi.message.problems.encodings import check_encodings
from envoi.message.problems.fields import check_fields
from envoi.message.problems.html import check_html
from envoi.message.problems.identity import check_identity
from envoi.message.problems.people import addresses_of, check_people
from envoi.message.problems.problem import Severity
from envoi.message.problems.scanner import scan
from envoi.message.problems.structure import check_structure
from envoi.message.problems.subject import check_subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from envoi.message.problems.outline import Outline
    from envoi.message.problems.problem import Problem

__all__ = ["examine"]


def examine(
    message: bytes | Iterable[bytes],
    *,
    now: datetime | None = None,
    recipients: int | None = None,
    size: int | None = None,
) -> tuple[Problem, ...]:
    """What will hurt a message, the worst first. Nothing raises, however broken the message is.

    Args:
        message: its bytes, in one piece or in many; line ends may be those of a file.
        now: the present, an aware instant; without it no date is too old.
        recipients: how many receive it; those of the header unless it is given.
        size: its octets, when they are more than those given here.
    """
    outline = scan((message,) if isinstance(message, bytes) else message)
    if recipients is None:
        recipients = sum(len(addresses_of(outline.root, name)) for name in ("To", "Cc", "Bcc"))
    problems = dict.fromkeys(_found(outline, now, recipients, outline.size if size is None else size))
    order = list(Severity)
    return tuple(sorted(problems, key=lambda problem: order.index(problem.severity)))


def _found(message: Outline, now: datetime | None, recipients: int, size: int) -> Iterator[Problem]:
    yield from check_structure(message, size)
    yield from check_fields(message)
    yield from check_people(message)
    yield from check_subject(message)
    yield from check_identity(message, now)
    yield from check_bulk(message, recipients)
    yield from check_bodies(message)
    yield from check_encodings(message)
    yield from check_html(message)
    yield from check_attached(message)
