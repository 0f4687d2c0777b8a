"""What callers may hand over, and the content and envelope it comes down to.

An `Email`, a `RawEmail` or a signed one knows its envelope; bytes and files get theirs by keyword; a
message of the standard library brings one in its fields, unless keywords say otherwise. A session that
signs has it done here, in one place for all kinds. Pure: nothing is read or sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from envoi.errors import UsageError
from envoi.message.envelope import Envelope
from envoi.message.raw import RawEmail

if TYPE_CHECKING:
    from collections.abc import Iterable
    from email.message import Message
    from pathlib import Path

    _Addressed: TypeAlias = "Email | RawEmail | SignedEmail"

    from envoi.message.content import Content
    from envoi.message.email import Email
    from envoi.message.envelope import DeliveryOptions, Recipient
    from envoi.message.signing import DKIMSigner, SignedEmail

__all__ = ["Mail", "outgoing"]

Mail: TypeAlias = "Email | RawEmail | SignedEmail | bytes | Message[Any, Any] | Path"
"""What can be sent."""


def outgoing(
    mail: Mail,
    sender: str | None = None,
    recipients: Iterable[str | Recipient] | None = None,
    options: DeliveryOptions | None = None,
    signer: DKIMSigner | None = None,
) -> tuple[Content, Envelope]:
    """Return what is sent, and from whom to whom; `sender` and `recipients` replace what the mail says.

    With a `signer` the content is signed, unless it bears a signature of that key already.

    Raises:
        UsageError: the mail is of no kind that can be sent, or an envelope is missing.
        InvalidAddress: an address of the envelope is wrong.
    """
    if isinstance(mail, bytes) and sender is not None and recipients is not None and signer is None:
        raw = RawEmail(mail, sender=sender, recipients=recipients, options=options)
        return raw, raw.envelope()
    # By what it can do, not by its class: whoever sends bytes need not load the composer.
    addressed: Any = mail if hasattr(mail, "envelope") else _raw(mail, sender, recipients)
    content: _Addressed = addressed
    if signer is not None and not signer.has_signed(content):
        content = signer.sign(content)
    envelope = content.envelope(options)
    if sender is None and recipients is None:
        return content, envelope
    return content, Envelope.of(
        envelope.sender if sender is None else sender,
        envelope.recipients if recipients is None else recipients,
        envelope.options,
    )


def _raw(mail: Any, sender: str | None, recipients: Iterable[str | Recipient] | None) -> RawEmail:
    if callable(getattr(mail, "walk", None)):
        from envoi.message.addressed import named_recipients, named_sender

        return RawEmail(
            mail,
            sender=named_sender(mail) if sender is None else sender,
            recipients=named_recipients(mail) if recipients is None else recipients,
        )
    if sender is None or recipients is None:
        raise UsageError("bytes and files say nothing about their envelope: give sender= and recipients=")
    return RawEmail(mail, sender=sender, recipients=recipients)
