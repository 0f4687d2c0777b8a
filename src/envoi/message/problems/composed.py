"""The checks for an `Email`: its plan instead of its bytes, so that no attachment is read.

What streams is replaced by a stand-in of a few octets; the size comes from the plan. So looking for problems
costs the same for every size of attachment, and works for those that only an asynchronous session can read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.message.address import Group
from envoi.message.parts import EncodedStream
from envoi.message.problems.examine import examine
from envoi.message.problems.problem import Kind, fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from envoi.message.email import Email
    from envoi.message.parts import Plan
    from envoi.message.problems.problem import Problem

__all__ = ["examine_email"]


def examine_email(email: Email, plan: Plan, now: datetime | None = None) -> tuple[Problem, ...]:
    """The problems of an email whose plan this is; `now` is when it was made, unless it is given."""
    recipients = sum(
        len(one.members) if isinstance(one, Group) else 1 for one in (*email.to, *email.cc, *email.bcc)
    )
    found = examine(_stand_ins(plan), now=now or email.stamp.at, recipients=recipients, size=plan.size)
    if recipients:
        return found
    nobody = fault(Kind.NO_RECIPIENT, "message", "nobody receives it", "Name a recipient in to, cc or bcc.")
    return (nobody, *found)


def _stand_ins(plan: Plan) -> Iterator[bytes]:
    for piece in plan.pieces:
        if isinstance(piece, bytes):
            yield piece
        elif piece.size != 0:
            yield b"AAAA" if isinstance(piece, EncodedStream) else b"From: a@example.org\r\n\r\n"
