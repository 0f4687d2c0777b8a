"""Send e-mail and know what happened to it.

The public face: whatever is listed in `__all__` here is promised, and nothing else. Names are
fetched from the rooms below when they are first used, so that ``import envoi`` costs next to nothing.
The map of the rooms is ARCHITECTURE.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi._face import face

if TYPE_CHECKING:
    from envoi.client.discover import discover, discover_async
    from envoi.client.outbox import Outbox
    from envoi.client.outbox_aio import AsyncOutbox
    from envoi.client.session import SMTPSession
    from envoi.client.session_aio import AsyncSMTPSession
    from envoi.errors import (
        Accepted,
        AuthenticationFailed,
        ConfigError,
        ConnectionFailed,
        DeadlineExceeded,
        DeliveryError,
        Disconnected,
        EnvoiError,
        InvalidAddress,
        InvalidHeader,
        MessageRejected,
        MessageTooLarge,
        NotSupportedByServer,
        Phase,
        ProtocolError,
        RecipientsRejected,
        Rejected,
        Retry,
        SenderRejected,
        TLSFailed,
        TokenUnavailable,
        UsageError,
    )
    from envoi.message.email import Attachment, Email
    from envoi.message.envelope import DeliveryOptions, Notify, Recipient
    from envoi.message.raw import RawEmail
    from envoi.message.templates.merging import merge
    from envoi.message.templates.template import Template
    from envoi.ports import TLSOptions
    from envoi.session.receipt import Receipt
    from envoi.session.timeouts import Timeouts
    from envoi.smtp.replies import Reply

__version__ = "0.1.0"

__all__ = [
    "Accepted",
    "AsyncOutbox",
    "AsyncSMTPSession",
    "Attachment",
    "AuthenticationFailed",
    "ConfigError",
    "ConnectionFailed",
    "DeadlineExceeded",
    "DeliveryError",
    "DeliveryOptions",
    "Disconnected",
    "Email",
    "EnvoiError",
    "InvalidAddress",
    "InvalidHeader",
    "MessageRejected",
    "MessageTooLarge",
    "NotSupportedByServer",
    "Notify",
    "Outbox",
    "Phase",
    "ProtocolError",
    "RawEmail",
    "Receipt",
    "Recipient",
    "RecipientsRejected",
    "Rejected",
    "Reply",
    "Retry",
    "SMTPSession",
    "SenderRejected",
    "TLSFailed",
    "TLSOptions",
    "Template",
    "Timeouts",
    "TokenUnavailable",
    "UsageError",
    "discover",
    "discover_async",
    "merge",
]

_ROOMS = {
    "discover_async": "client.discover",
    "discover": "client.discover",
    "AsyncOutbox": "client.outbox_aio",
    "Outbox": "client.outbox",
    "AsyncSMTPSession": "client.session_aio",
    "SMTPSession": "client.session",
    "Attachment": "message.email",
    "Email": "message.email",
    "DeliveryOptions": "message.envelope",
    "Notify": "message.envelope",
    "Recipient": "message.envelope",
    "RawEmail": "message.raw",
    "Template": "message.templates.template",
    "merge": "message.templates.merging",
    "TLSOptions": "ports",
    "Receipt": "session.receipt",
    "Timeouts": "session.timeouts",
    "Reply": "smtp.replies",
}

__getattr__, __dir__ = face(__name__, __all__, _ROOMS, "errors")
