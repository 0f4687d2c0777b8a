"""Django's messages as what envoi sends: octets, an envelope, and what goes with a submission.

Django composes: `message()` is what applications override, so its octets are what is sent. Addresses are
read by envoi, which refuses what two mail programs would read differently. Sending is in `backend` and
`outbox_backend`.
"""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

from envoi.message.address import Address
from envoi.message.raw import RawEmail

if TYPE_CHECKING:
    from django.core.mail import EmailMessage

__all__ = ["as_mail", "submit_options"]


def as_mail(message: EmailMessage) -> RawEmail:
    """Return a message of Django's as one that can be sent.

    Raises:
        InvalidAddress: one of its addresses is none.
    """
    sender = _bare(message.from_email)
    recipients = tuple(dict.fromkeys(_bare(address) for address in message.recipients()))
    octets = message.message().as_bytes()
    # What has octets above 127 is written in two ways, for servers without 8BITMIME too; that takes a parser.
    raw: Any = octets if octets.isascii() else message_from_bytes(octets, policy=policy.SMTP)
    return RawEmail(raw, sender=sender, recipients=recipients)


def submit_options(message: EmailMessage) -> dict[str, Any]:
    """Return what a message says of its own submission, in its attribute `envoi_options`."""
    return dict(getattr(message, "envoi_options", {}))


def _bare(address: object) -> str:
    # Texts that are translated late are no texts before they are asked to be.
    return Address.parse(str(address)).spec
