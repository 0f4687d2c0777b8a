"""Which enhanced status codes mean that an address will never work: a table (RFC 3463, RFC 7505).

Data only. A good address that is given up loses its mail for ever, a bad one that is kept costs a bounce:
what is not listed here with a reason is kept. How a report is held against it is in `suppression`.
"""

from __future__ import annotations

from enum import Enum

__all__ = ["RULES", "SuppressionReason"]


class SuppressionReason(Enum):
    """Why nothing more should be sent to an address."""

    UNKNOWN_MAILBOX = "unknown-mailbox"
    UNKNOWN_DOMAIN = "unknown-domain"
    INVALID_ADDRESS = "invalid-address"
    MOVED = "moved"
    DISABLED = "disabled"
    COMPLAINT = "complaint"
    OPT_OUT = "opt-out"


_MAILBOX = SuppressionReason.UNKNOWN_MAILBOX
_DOMAIN = SuppressionReason.UNKNOWN_DOMAIN

RULES: dict[str, tuple[SuppressionReason | None, str]] = {
    "5.1.1": (_MAILBOX, "there is no such mailbox"),
    "5.1.2": (_DOMAIN, "there is no such domain, or it has no mail server"),
    "5.1.3": (SuppressionReason.INVALID_ADDRESS, "the address is not a valid one"),
    "5.1.6": (SuppressionReason.MOVED, "the mailbox has moved, and nobody knows where to"),
    "5.1.10": (_MAILBOX, "there is no such mailbox, or its domain takes no mail at all"),
    "5.2.1": (SuppressionReason.DISABLED, "the mailbox has been disabled"),
    "5.4.4": (_DOMAIN, "there is no such domain, or it has no mail server"),
    # Those that are kept, where one might think otherwise.
    "5.1.4": (None, "the address fits several mailboxes: a fault of its server"),
    "5.1.7": (None, "the address of the sender is not valid"),
    "5.1.8": (None, "the domain of the sender does not exist, or takes no mail"),
    "5.2.2": (None, "the mailbox is full"),
    "5.2.3": (None, "the message is larger than this mailbox takes"),
    "5.3.4": (None, "the message is larger than the server takes"),
    "5.4.1": (None, "the server did not answer, or would not have the recipient"),
    "5.4.6": (None, "the mail went round in circles: a fault of its servers"),
    "5.4.7": (None, "the time for its delivery ran out"),
    "5.7.1": (None, "the server refused the message for what it is, or for whom it is from"),
    "5.7.26": (
        None,
        "the server could not tell that the message is from its sender: SPF, DKIM or DMARC failed",
    ),
    "4.2.2": (None, "the mailbox is full"),
    "4.4.1": (None, "the server did not answer"),
    "4.4.7": (None, "the time for its delivery ran out"),
}
"""Per status code: the reason for suppressing the address, None for keeping it, and what it says in words."""
