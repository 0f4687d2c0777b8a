"""Checks of the subject: is there one, can it be read on a telephone, does it shout or pretend?

Few, since no filter refuses a message for its subject alone. Encoded words and lines are checked in `fields`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envoi.message.problems.outline import decoded
from envoi.message.problems.problem import Kind, hint, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.message.problems.outline import Outline
    from envoi.message.problems.problem import Problem

__all__ = ["check_subject"]

_LONGEST = 120
_SHOUTED_WORDS = 3
_ANSWER = re.compile(r"re(?:\[\d+\])?\s*:", re.IGNORECASE)


def check_subject(message: Outline) -> Iterator[Problem]:
    """Everything that is wrong with the subject."""
    fields = message.root.all("Subject")
    if not fields or not fields[0].raw:
        what = "it is empty" if fields else "it is missing"
        yield warning(
            Kind.SUBJECT,
            "Subject",
            what,
            "Say in a few words what it is about; filters count a missing subject.",
        )
        return
    subject = decoded(fields[0].text)
    if len(subject) > _LONGEST:
        yield hint(
            Kind.SUBJECT,
            "Subject",
            f"it has {len(subject)} characters",
            "Put what matters first: lists of mails show 40 to 70.",
        )
    if subject.isupper() and len(re.findall(r"[^\W\d_]{2,}", subject)) >= _SHOUTED_WORDS:
        yield hint(
            Kind.SUBJECT,
            "Subject",
            "it is in capitals throughout",
            "Write it as a sentence; filters count shouting.",
        )
    if _ANSWER.match(subject) and not message.root.all("In-Reply-To") and not message.root.all("References"):
        yield hint(
            Kind.SUBJECT,
            "Subject",
            "it pretends to be an answer (“Re:”), but no In-Reply-To or References field says to what",
            "Say to what in these fields (Email: in_reply_to=, references=), or leave “Re:” out.",
        )
