"""Checks of the header as a whole: which fields there are, how often, and how their lines look.

RFC 5322 §3.6 says what may stand once; Gmail refuses a message that breaks it. What is in the fields is
checked elsewhere: `people`, `subject`, `identity`, `bulk`.
"""

from __future__ import annotations

import re
from codecs import lookup
from collections import Counter
from typing import TYPE_CHECKING

from envoi.message.encode import LONGEST_LINE
from envoi.message.problems.problem import Kind, fault, hint, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.message.problems.outline import Field, Outline, Part
    from envoi.message.problems.problem import Problem

__all__ = ["check_fields"]

_ONCE = (
    "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To", "References", "Subject",
    "Date", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id",
)  # fmt: skip
_ONCE_PER_PART = (
    "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID",
)  # fmt: skip
_WORD = re.compile(r"=\?([^?\s*]*)(?:\*[^?\s]*)?\?([bqBQ])\?([^?]*)\?=")
_QUOTED_WORD = re.compile(r'"[^"]*=\?[^?\s]+\?[bqBQ]\?[^?\s]*\?=[^"]*"')
_LONGEST_WORD = 75
_LARGEST_HEADER = 100_000
"""Octets; Postfix cuts off what is beyond (header_size_limit, 102,400)."""
_COLUMNS = 78
_ENCODE = "Encode it as =?utf-8?…?= (RFC 2047), as envoi does for every field of an Email."
_EXTEND = "Write the file name as filename*=utf-8''… (RFC 2231), as envoi does."
_WRITTEN = frozenset({"subject", "from", "sender", "reply-to", "to", "cc", "bcc", "comments", "keywords"})
"""Fields that people and their programs write, not servers; encoded words are decoded in them."""


def check_fields(message: Outline) -> Iterator[Problem]:
    """Everything that is wrong with the header and with those of the parts."""
    yield from _of_shape(message)
    yield from _of_presence(message.root)
    yield from _of_number(message.root)
    for part in message.root.walk():
        for field in part.fields:
            where = field.name if part.depth == 0 else f"{field.name} of {part.where}"
            yield from _of_lines(field, where)
            yield from _of_octets(field, where)
            if field.name.lower() in _WRITTEN:
                yield from _of_words(field, where)


def _of_shape(message: Outline) -> Iterator[Problem]:
    if message.mbox:
        yield fault(
            Kind.BROKEN_HEADER,
            "header",
            "the first line is that of an mbox file (“From …” without a colon), not a header field",
            "Delete the line; servers take it for the end of the header.",
        )
    if message.header_break is not None:
        shown = message.header_break[:60].decode("utf-8", "replace")
        yield fault(
            Kind.BROKEN_HEADER,
            "header",
            f"the line “{shown}” is neither a header field nor the continuation of one",
            "Put an empty line before the body, and a space before lines that continue a field.",
        )
    if message.header_size > _LARGEST_HEADER:
        yield warning(
            Kind.LARGE_HEADER,
            "header",
            f"the header has {message.header_size:,} octets",
            "Keep it below 100,000: servers cut off or refuse what is larger. Move lists of recipients "
            "to the envelope.",
        )


def _of_presence(root: Part) -> Iterator[Problem]:
    if not root.all("From"):
        yield fault(
            Kind.MISSING_FIELD,
            "From",
            "it is missing: nobody wrote this message",
            "Add From: with the author's address (RFC 5322 §3.6.2); Gmail refuses messages without.",
        )
    for name, remedy in _WANTED.items():
        if not root.all(name):
            yield warning(Kind.MISSING_FIELD, name, "it is missing", remedy)
    if not any(root.all(name) for name in ("To", "Cc", "Bcc", "Resent-To")):
        yield hint(
            Kind.MISSING_FIELD,
            "To",
            "no field says to whom the message goes",
            "Name a recipient, or write “To: undisclosed-recipients:;”; filters count it otherwise.",
        )
    if not root.all("MIME-Version") and (root.all("Content-Type") or root.all("Content-Transfer-Encoding")):
        yield warning(
            Kind.MISSING_FIELD,
            "MIME-Version",
            "it is missing though the message uses MIME",
            "Add “MIME-Version: 1.0” (RFC 2045 §4); without it the types of the parts need not be believed.",
        )


_WANTED = {
    "Date": "Add the date (RFC 5322 §3.6.1); servers add that of their own, and filters count it.",
    "Message-ID": "Add a unique one, such as <random@your.domain> (RFC 5322 §3.6.4): duplicates are found by "
    "it, and answers refer to it.",
}


def _of_number(root: Part) -> Iterator[Problem]:
    for part in root.walk():
        counted = Counter(one.name.lower() for one in part.fields)
        for name in (*(_ONCE if part.depth == 0 else ()), *_ONCE_PER_PART):
            if counted[name.lower()] > 1:
                yield fault(
                    Kind.DUPLICATE_FIELD,
                    name if part.depth == 0 else f"{name} of {part.where}",
                    f"it stands there {counted[name.lower()]} times",
                    "Keep one (RFC 5322 §3.6): Gmail refuses the message, and other programs "
                    "each believe a different one.",
                )


def _of_lines(field: Field, where: str) -> Iterator[Problem]:
    longest = max(map(len, field.lines))
    if longest > LONGEST_LINE:
        yield fault(
            Kind.LONG_LINE,
            where,
            f"a line of {longest:,} octets",
            f"Fold it before a space: more than {LONGEST_LINE} octets are refused or cut (RFC 5322 §2.1.1).",
        )
    elif field.name.lower() in _WRITTEN and any(map(_could_fold, field.lines)):
        yield hint(
            Kind.LONG_LINE,
            where,
            f"a line of {longest} octets that could be folded",
            f"Fold it before a space, at {_COLUMNS} columns (RFC 5322 §2.1.1).",
        )
    if any(not line.strip() for line in field.lines[1:]):
        yield warning(
            Kind.BROKEN_HEADER,
            where,
            "a line of it is made of spaces only",
            "Delete the line: some programs end the header there.",
        )
    if re.match(rb"[^:]*[ \t]:", field.lines[0]):
        yield warning(
            Kind.BROKEN_HEADER,
            where,
            "there is a space before its colon",
            "Delete the space: some programs do not see the field, others do (RFC 5322 §4.5).",
        )


def _could_fold(line: bytes) -> bool:
    return len(line) > _COLUMNS and b" " in line.strip().partition(b": ")[2]


def _of_octets(field: Field, where: str) -> Iterator[Problem]:
    raw = b"".join(field.lines)
    if raw.isascii():
        return
    remedy = _EXTEND if field.name.lower().startswith("content-") else _ENCODE
    try:
        raw.decode()
    except UnicodeDecodeError:
        yield fault(Kind.RAW_HEADER, where, "it has octets above 127 that are not UTF-8", remedy)
    else:
        yield warning(
            Kind.RAW_HEADER,
            where,
            "it has UTF-8 as it is, which only servers with SMTPUTF8 take",
            f"{remedy} An address beyond ASCII has no other form.",
        )


def _of_words(field: Field, where: str) -> Iterator[Problem]:
    text = field.text
    words = list(_WORD.finditer(text))
    longest = max((len(word[0]) for word in words), default=0)
    if longest > _LONGEST_WORD:
        yield warning(
            Kind.ENCODED_WORD,
            where,
            f"an encoded word of {longest} characters",
            f"Cut it between characters into words of at most {_LONGEST_WORD} (RFC 2047 §2).",
        )
    for charset in sorted({word[1].lower() for word in words}):
        if not _known(charset):
            yield warning(
                Kind.ENCODED_WORD,
                where,
                f"an encoded word in the charset {charset or 'without a name'}, which is not known",
                "Encode it in UTF-8.",
            )
    if _QUOTED_WORD.search(text) and field.name.lower() != "subject":
        yield warning(
            Kind.ENCODED_WORD,
            where,
            "an encoded word in quotation marks",
            "Leave the quotation marks out: many readers show the word as it is (RFC 2047 §5).",
        )


def _known(charset: str) -> bool:
    try:
        lookup(charset)
    except (LookupError, ValueError):
        return False
    return True
