"""What a server answers: values, and the wording of every answer that is given in two places.

Codes are RFC 5321 §4.2.3's, enhanced codes RFC 3463's and RFC 5248's. When which answer is given is for
`dialogue`, `envelope` and `login`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Answer"]

_TEXT = re.compile(r"([2-5][0-9]{2})(?: ([245]\.[0-9]{1,3}\.[0-9]{1,3}))?(?: (.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply.

    Attributes:
        code: 200 to 599.
        enhanced: the enhanced status code, or empty; said only to clients that were offered it.
        lines: the text, line by line.
    """

    code: int
    enhanced: str
    lines: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Answer:
        r"""Read ``550 5.1.1 no such user``; lines are separated by ``\n``.

        Raises:
            ValueError: it is no reply.
        """
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no reply: it looks like '550 5.1.1 no such user'")
        return cls(int(match[1]), match[2] or "", tuple((match[3] or "").split("\n")))

    @property
    def refuses(self) -> bool:
        """4yz or 5yz."""
        return self.code >= 400


OK = Answer.of("250 2.0.0 OK")
BAD_SEQUENCE = Answer.of("503 5.5.1 bad sequence of commands")
NOT_HERE = Answer.of("502 5.5.1 command not implemented")
SYNTAX = Answer.of("501 5.5.4 syntax error in the arguments")
TOO_LARGE = Answer.of("552 5.3.4 the message is larger than this server takes")
NO_RECIPIENTS = Answer.of("554 5.5.1 no valid recipients")
IDLE = Answer.of("421 4.4.2 idle for too long")
TOO_MANY_COMMANDS = Answer.of("421 4.7.0 too many commands")
