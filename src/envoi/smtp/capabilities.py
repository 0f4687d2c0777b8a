"""What a server offers, as read from its reply to EHLO (RFC 5321 §4.1.1.1).

Here: the keywords and their parameters, and the few that need reading (SIZE, AUTH, LIMITS). A
keyword nobody here knows is kept for the caller. Not here: what is done with an offer (`session`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envoi.smtp.replies import Reply

__all__ = ["Capabilities"]

# "AUTH=LOGIN" is how old servers wrote it for Outlook; some still do, beside "AUTH LOGIN".
_OLD_AUTH = re.compile(r"^\s*AUTH=", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """The extensions a server offers; empty after HELO.

    Attributes:
        keywords: EHLO keyword in capitals → its parameters as sent.
    """

    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    @classmethod
    def from_reply(cls, reply: Reply) -> Capabilities:
        """Read a positive EHLO reply; its first line is the server's name."""
        keywords: dict[str, tuple[str, ...]] = {}
        for line in reply.lines[1:]:
            head, *parameters = _OLD_AUTH.sub("AUTH ", line).split() or [""]
            if head:
                known = keywords.get(head.upper(), ())
                keywords[head.upper()] = (*known, *(word for word in parameters if word not in known))
        return cls(keywords=MappingProxyType(keywords))

    def __contains__(self, keyword: str) -> bool:
        return keyword in self.keywords

    @property
    def size(self) -> int | None:
        """The largest message in octets (RFC 1870); None when there is no limit or it makes no sense."""
        return _number(self.keywords.get("SIZE", ())) or None

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """The SASL mechanisms in capitals, in the server's order (RFC 4954)."""
        return tuple(word.upper() for word in self.keywords.get("AUTH", ()))

    def limit(self, name: str) -> int | None:
        """A limit of RFC 9422: ``RCPTMAX``, ``MAILMAX`` or ``RCPTDOMAINMAX``; None when not announced."""
        for word in self.keywords.get("LIMITS", ()):
            key, _, value = word.partition("=")
            if key.upper() == name:
                return _number((value,)) or None
        return None


def _number(parameters: tuple[str, ...]) -> int | None:
    word = parameters[0] if parameters else ""
    # 20 digits hold every 64-bit size; int() of more is a way to burn time.
    return int(word) if word.isascii() and word.isdigit() and len(word) <= 20 else None
