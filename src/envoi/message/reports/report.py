"""What comes back, as values: delivery reports, complaints, receipts of reading, automatic answers.

Shapes and words only, those of RFC 3464, RFC 5965, RFC 6591 and RFC 8098; reading octets into them begins in
`reading`, what follows from them is in `suppression` and `verp`. Every text in them was written by a
stranger: it has no control characters, and that is all that is promised.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Action", "Disposition", "Feedback", "FeedbackType", "RecipientReport", "Report", "ReportKind"]


class ReportKind(Enum):
    """What a report is about."""

    DELIVERY = "delivery"
    """What became of a message: delivery status notifications (RFC 3464) and all other bounces."""
    FEEDBACK = "feedback"
    """What somebody thinks of a message: complaints and their kin (RFC 5965, RFC 6591)."""
    DISPOSITION = "disposition"
    """What a reader did with a message (RFC 8098). The message was delivered."""
    AUTO_REPLY = "auto-reply"
    """An answer that no person wrote, such as a notice of absence (RFC 3834). The message was delivered."""


class Action(Enum):
    """What the reporting server did for a recipient (RFC 3464 §2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    """Handed to a server that reports nothing."""
    EXPANDED = "expanded"
    """Sent on to several addresses."""


class FeedbackType(Enum):
    """What a feedback report says of a message (RFC 5965 §7.3, RFC 6430, RFC 6591)."""

    ABUSE = "abuse"
    AUTH_FAILURE = "auth-failure"
    FRAUD = "fraud"
    NOT_SPAM = "not-spam"
    OPT_OUT = "opt-out"
    VIRUS = "virus"
    OTHER = "other"
    """Said so, or a type that is not registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientReport:
    """What became of a message for one recipient (RFC 3464 §2.3).

    Attributes:
        address: the recipient as the reporting server knows it (Final-Recipient), bare.
        original: the recipient as the sender gave it (Original-Recipient), when that is said.
        action: what was done.
        status: the enhanced status code, such as ``5.1.1`` (RFC 3463), when there is one.
        diagnostic: what the remote server said, or what the text of the report says instead.
        diagnostic_type: whose words these are: ``smtp``, ``x-unix``, …; None for the text of the report.
        remote_mta: the server that said them.
        log_id: what finds it in the log of the reporting server.
        attempted_at: the last attempt, an aware instant.
        retry_until: until when it will be tried, for what is delayed.
        extensions: further fields, names in lower case.
    """

    address: str
    action: Action
    original: str | None = None
    status: str | None = None
    diagnostic: str | None = None
    diagnostic_type: str | None = None
    remote_mta: str | None = None
    log_id: str | None = None
    attempted_at: datetime | None = None
    retry_until: datetime | None = None
    extensions: tuple[tuple[str, str], ...] = ()

    @property
    def permanent(self) -> bool:
        """Whether it failed for good, and not because the time ran out on something temporary."""
        return self.action is Action.FAILED and not (self.status or "5").startswith("4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What a feedback report says (RFC 5965 §3, RFC 6591 §3).

    Attributes:
        type: the kind of report.
        recipients: who complains (Original-Rcpt-To); many reporters leave it out.
        original_sender: the envelope sender of the message.
        source_ip: the address that the message came from.
        reported_domains: those that the reporter holds responsible.
        reported_uris: those that the reporter objects to.
        incidents: how many messages the report stands for.
        user_agent: the program that made the report.
        authentication_results: what the receiver found (RFC 8601).
        auth_failure: what failed, for `AUTH_FAILURE`: ``signature``, ``bodyhash``, ``spf``, ``dmarc``, …
        delivery_result: what became of it then: ``delivered``, ``spam``, ``policy``, ``reject``, ``other``.
        extensions: further fields, names in lower case: ``dkim-domain``, ``spf-dns``, …
    """

    type: FeedbackType
    recipients: tuple[str, ...] = ()
    original_sender: str | None = None
    source_ip: str | None = None
    reported_domains: tuple[str, ...] = ()
    reported_uris: tuple[str, ...] = ()
    incidents: int = 1
    user_agent: str | None = None
    authentication_results: tuple[str, ...] = ()
    auth_failure: str | None = None
    delivery_result: str | None = None
    extensions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """What a reader, or a reader's program, did with a message (RFC 8098 §3.2).

    Attributes:
        type: ``displayed``, ``deleted``, ``dispatched``, ``processed``, …
        recipient: the reader (Final-Recipient), bare.
        original: the recipient as the sender gave it.
        by_hand: whether a person did it; None when that is not said.
        sent_by_hand: whether a person allowed the report; None when that is not said.
        modifiers: ``error`` and others.
        errors: what went wrong, one text per field.
        reporting_ua: the program that made the report.
        extensions: further fields, names in lower case.
    """

    type: str
    recipient: str | None = None
    original: str | None = None
    by_hand: bool | None = None
    sent_by_hand: bool | None = None
    modifiers: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    reporting_ua: str | None = None
    extensions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A message about a message.

    Attributes:
        kind: what it is about.
        format: how it was recognised: ``RFC 3464``, ``QSBMF``, ``Exim``, ``text``, …
        recipients: what became of the message, per recipient; empty unless `kind` is DELIVERY.
        feedback: for FEEDBACK.
        disposition: for DISPOSITION.
        message_id: the Message-ID of the message that this is about, with angle brackets.
        envelope_id: its ENVID (RFC 3461 §4.4).
        sent_to: the addresses that the report came to, and the envelope sender of the message that it is
            about: one of them has the VERP token.
        reporting_mta: the server that reports.
        received_from_mta: the server that it had the message from.
        gateway: the gateway that translated a foreign report.
        arrived_at: when that server had it, an aware instant.
        reported_at: the date of the report.
        explanation: the beginning of what it says to people.
        extensions: further fields about the message, names in lower case.
    """

    kind: ReportKind
    format: str
    recipients: tuple[RecipientReport, ...] = ()
    feedback: Feedback | None = None
    disposition: Disposition | None = None
    message_id: str | None = None
    envelope_id: str | None = None
    sent_to: tuple[str, ...] = ()
    reporting_mta: str | None = None
    received_from_mta: str | None = None
    gateway: str | None = None
    arrived_at: datetime | None = None
    reported_at: datetime | None = None
    explanation: str = ""
    extensions: tuple[tuple[str, str], ...] = ()
