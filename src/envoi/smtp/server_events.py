"""What a server gets to hear of its client: the events of `server`, and how to read their paths.

Values only. Each `CommandReceived` says whether it was in order, and every event but `ContentReceived` wants
a reply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envoi.smtp.commands import Verb

__all__ = ["CommandReceived", "ContentFinished", "ContentReceived", "Event", "split_path"]

# RFC 5321 §4.1.2: what stands in angle brackets, quoted strings taken whole.
_PATH = re.compile(r'<((?:"(?:[^"\\]|\\.)*"|[^"<>\s])*)>(?: (.*))?')


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandReceived:
    """A command line.

    Attributes:
        verb: the command, or None when it is unknown.
        argument: what follows the verb, as text; the response itself for AUTH_RESPONSE.
        problem: why it cannot be obeyed (a reply code and its text), or None.
        size: octets of the chunk, for BDAT, which wants no reply of its own: the end of the chunk does.
    """

    verb: Verb | None
    argument: str
    problem: tuple[int, str] | None = None
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentReceived:
    """A part of the message, dots undone. Wants no reply."""

    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentFinished:
    """The final dot, or the end of a BDAT chunk.

    Attributes:
        verb: CONTENT, BDAT or BDAT_LAST.
        problem: why the chunk was dropped (a reply code and its text), or None.
        bare: CRs and LFs that stood alone; a server should refuse such a message.
    """

    verb: Verb
    problem: tuple[int, str] | None = None
    bare: int = 0


Event = CommandReceived | ContentReceived | ContentFinished


def split_path(argument: str, keyword: str) -> tuple[str, dict[str, str]] | None:
    """Read ``FROM:<path> A=b C`` into the path and its parameters; None when it is not that.

    `keyword` is ``FROM`` or ``TO``. A blank after the colon is taken, as every server does.
    """
    head, colon, rest = argument.partition(":")
    if not colon or head.upper() != keyword:
        return None
    match = _PATH.fullmatch(rest.strip())
    if match is None:
        return None
    parameters = (word.partition("=") for word in (match[2] or "").split())
    return match[1], {key.upper(): value for key, _, value in parameters}
