"""The standard library's messages as bytes, for programs that already build `EmailMessage`s.

Only serialising, by the standard library itself and under its own rules; `Bcc` stays out. Imported when such
a message appears, because the `email` package costs more to import than all of this one. Reading bytes into
an `Email` is in `reading`.
"""

from __future__ import annotations

import copy
from email.generator import BytesGenerator
from email.policy import EmailPolicy
from io import BytesIO
from typing import TYPE_CHECKING, Any

from envoi.errors import UsageError

if TYPE_CHECKING:
    from email.message import Message

__all__ = ["serialised"]

_ADDRESS_FIELDS = ("From", "Sender", "Reply-To", "To", "Cc")


def serialised(message: Message[Any, Any], *, eightbit: bool) -> bytes:
    """The message with CRLF line ends and without `Bcc`.

    Args:
        message: an `EmailMessage`, or a `Message` of the older interface.
        eightbit: whether octets above 127 may stand in bodies.

    Raises:
        UsageError: the standard library cannot serialise it.
    """
    sent = copy.copy(message)
    for name in ("Bcc", "Resent-Bcc"):
        del sent[name]
    policy = message.policy.clone(linesep="\r\n", cte_type="8bit" if eightbit else "7bit")
    if isinstance(policy, EmailPolicy):
        policy = policy.clone(utf8=_has_international_address(message))
    written = BytesIO()
    try:
        BytesGenerator(written, mangle_from_=False, policy=policy).flatten(sent)
    except Exception as error:  # whatever a policy, a content manager or a header class may raise
        raise UsageError(f"the standard library cannot serialise this message: {error!r}") from error
    return written.getvalue()


def _has_international_address(message: Message[Any, Any]) -> bool:
    return any(
        not mailbox.username.isascii()
        for name in _ADDRESS_FIELDS
        for field in message.get_all(name, [])
        for mailbox in getattr(field, "addresses", ())
    )
