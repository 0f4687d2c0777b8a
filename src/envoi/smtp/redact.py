"""Keeping secrets out of what people read.

Commands already know what of them may be shown (`commands.Command.shown`). This is for the other
direction: a server that quotes our password or AUTH line back at us, by accident or not, must not
get it into an exception or a log. `replies` cleans every reply as it is born, and the errors about what is
no reply.
"""

from __future__ import annotations

import re
from base64 import b64encode

from envoi.smtp.commands import REDACTED

__all__ = ["Redactor", "printable"]

SHORTEST = 4
"""Shorter secrets are not looked for: they would tear ordinary words apart, and give nothing away."""
MOST_QUOTED = 80
"""Octets of an error that quotes what is no reply."""

# C0, DEL and C1 could move a terminal's cursor or forge a log line; so could the two separators.
_UNPRINTABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


class Redactor:
    """Remembers secrets, and removes them from replies.

    Attributes:
        secrets: what is removed, in every form.
    """

    __slots__ = ("secrets",)

    def __init__(self) -> None:
        self.secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Redactor({len(self.secrets)} secrets)"

    def hide(self, secret: str | bytes | None) -> None:
        """Remember a secret in the forms in which it goes over the wire."""
        if not secret:
            return
        octets = secret.encode() if isinstance(secret, str) else secret
        forms = (printable(octets), b64encode(octets).decode())
        fresh = [form for form in forms if len(form) >= SHORTEST and form not in self.secrets]
        # Longest first, so that a secret inside another does not leave the rest of it behind.
        self.secrets = tuple(sorted((*self.secrets, *fresh), key=len, reverse=True))

    def clean(self, text: str) -> str:
        """Return the text without the secrets."""
        for secret in self.secrets:
            if secret in text:
                text = text.replace(secret, REDACTED)
        return text

    def quote(self, octets: bytes) -> str:
        """Return octets that are no reply as an error may show them: the first, until a secret was said.

        From then on only how many: part of a secret cannot be told from anything else.
        """
        return f"{len(octets)} octets" if self.secrets else repr(printable(octets[:MOST_QUOTED]))


def printable(octets: bytes) -> str:
    """Return octets as text that may be shown: neither broken UTF-8 nor control characters get through."""
    text = octets.decode("utf-8", "replace")
    return text if text.isprintable() else _UNPRINTABLE.sub("?", text)
