"""Keeping secrets out of what people read.

Commands already know what of them may be shown (`commands.Command.shown`). This is for the other
direction: a server that quotes our password or AUTH line back at us, by accident or not, must not
get it into an exception or a log.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING

from envoi.smtp.commands import REDACTED

if TYPE_CHECKING:
    from envoi.smtp.replies import Reply

__all__ = ["Redactor"]

SHORTEST = 4
"""Shorter secrets are not looked for: they would tear ordinary words apart, and give nothing away."""


class Redactor:
    """Remembers secrets, and removes them from replies."""

    __slots__ = ("_secrets",)

    def __init__(self) -> None:
        self._secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Redactor({len(self._secrets)} secrets)"

    def hide(self, secret: str | bytes | None) -> None:
        """Remember a secret in the forms in which it goes over the wire."""
        if not secret:
            return
        octets = secret.encode() if isinstance(secret, str) else secret
        forms = (octets.decode("utf-8", "replace"), b64encode(octets).decode())
        fresh = [form for form in forms if len(form) >= SHORTEST and form not in self._secrets]
        # Longest first, so that a secret inside another does not leave the rest of it behind.
        self._secrets = tuple(sorted((*self._secrets, *fresh), key=len, reverse=True))

    def clean(self, text: str) -> str:
        """Return the text without the secrets."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, REDACTED)
        return text

    def clean_reply(self, reply: Reply) -> Reply:
        """Return the reply without the secrets; the same object when there are none in it."""
        text = self.clean(reply.text)
        return reply if text is reply.text else replace(reply, text=text)
