"""`Problem`: one thing about a message that will hurt, and what to do about it.

Values only. How much it matters is its `Severity`, what it is in one word its `Kind`, which programs and the
command line's ``--ignore`` go by. Finding problems is the business of the modules beside this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Kind", "Problem", "Severity", "fault", "hint", "warning"]


class Severity(Enum):
    """How much it matters."""

    FAULT = "fault"
    """Servers refuse the message, or it arrives damaged."""
    WARNING = "warning"
    """It arrives, but filters or readers hold it against the sender."""
    HINT = "hint"
    """It could be better; nobody is likely to notice."""


class Kind(Enum):
    """What is wrong, in a word that does not change."""

    MISSING_FIELD = "missing-field"
    DUPLICATE_FIELD = "duplicate-field"
    BROKEN_HEADER = "broken-header"
    LARGE_HEADER = "large-header"
    RAW_HEADER = "raw-header"
    ENCODED_WORD = "encoded-word"
    SUBJECT = "subject"
    DATE = "date"
    MESSAGE_ID = "message-id"
    ADDRESS = "address"
    SENDER = "sender"
    SPOOFED_NAME = "spoofed-name"
    REPLY_TO = "reply-to"
    BCC = "bcc"
    NO_RECIPIENT = "no-recipient"
    MANY_RECIPIENTS = "many-recipients"
    LONG_LINE = "long-line"
    LINE_ENDS = "line-ends"
    NUL = "nul"
    SIZE = "size"
    BOUNDARY = "boundary"
    NESTING = "nesting"
    UNSEEN_TEXT = "unseen-text"
    TRANSFER_ENCODING = "transfer-encoding"
    EIGHTBIT = "8bit"
    CHARSET = "charset"
    NO_PLAIN_TEXT = "no-plain-text"
    ALTERNATIVES = "alternatives"
    EMPTY = "empty"
    IMAGE_ONLY = "image-only"
    IMAGE = "image"
    CONTENT_ID = "content-id"
    UNUSED_INLINE = "unused-inline"
    LINK = "link"
    MARKUP = "markup"
    CLIPPED = "clipped"
    ATTACHMENT = "attachment"
    UNSUBSCRIBE = "unsubscribe"
    ONE_CLICK = "one-click"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem.

    Attributes:
        kind: what is wrong, in a word.
        severity: how much it matters.
        where: a header field, a part ("part 1.2, text/html") or the message.
        what: what is the matter, in a sentence.
        remedy: what to do about it, in a sentence.
    """

    kind: Kind
    severity: Severity
    where: str
    what: str
    remedy: str


def fault(kind: Kind, where: str, what: str, remedy: str) -> Problem:
    """A problem for which servers refuse the message, or that damages it."""
    return Problem(kind=kind, severity=Severity.FAULT, where=where, what=what, remedy=remedy)


def warning(kind: Kind, where: str, what: str, remedy: str) -> Problem:
    """A problem that is held against the sender."""
    return Problem(kind=kind, severity=Severity.WARNING, where=where, what=what, remedy=remedy)


def hint(kind: Kind, where: str, what: str, remedy: str) -> Problem:
    """Something that could be better."""
    return Problem(kind=kind, severity=Severity.HINT, where=where, what=what, remedy=remedy)
