"""Answers that no person wrote: notices of absence, receipts of tickets (RFC 3834, and what came before it).

They look like bounces to whoever goes by the null sender, and mean the opposite: the mail arrived. Bounces
may call themselves ``auto-replied`` as well, so this is asked last.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envoi.message.reports.fields import decoded_words

if TYPE_CHECKING:
    from envoi.message.reports.fields import Fields

__all__ = ["is_automatic", "is_automatic_reply"]

_FIELDS = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply-From", "X-AutoReply-From")
_ANSWERS = ("In-Reply-To", "References", "X-Auto-Response-Suppress")
_SUBJECT = re.compile(
    r"(?:re: ?)?(?:auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office|away from (?:the|my) "
    r"|r[ée]ponse automatique|absence du bureau|message d[’']absence|automatische antwort|abwesen"
    r"|respuesta autom[áa]tica|resposta autom[áa]tica|risposta automatica|automatisch antwoord|автоответ)",
    re.IGNORECASE,
)


def is_automatic_reply(fields: Fields) -> bool:
    """Whether the header is one of an automatic answer."""
    return _says_so(fields) or (
        # People write such subjects as well, but seldom in answer to a mail.
        any(map(fields.first, _ANSWERS))
        and _SUBJECT.match(decoded_words(fields.first("Subject"))) is not None
    )


def is_automatic(fields: Fields) -> bool:
    """Whether no person sent the message, so that no program may answer it (RFC 3834 §2)."""
    said = fields.first("Auto-Submitted").lower()
    return (bool(said) and not said.startswith("no")) or _says_so(fields)


def _says_so(fields: Fields) -> bool:
    return (
        fields.first("Auto-Submitted").lower().startswith("auto-replied")
        or any(_yes(fields.first(name)) for name in _FIELDS)
        or fields.first("Precedence").lower() in ("auto_reply", "auto-reply")
    )


def _yes(value: str) -> bool:
    return bool(value) and value.lower() not in ("no", "false")
