"""Delivery status notifications: the machine's part of a bounce, field by field (RFC 3464, RFC 6533).

The first group of fields is about the message, each further one about a recipient. A status that says
nothing readable about anybody is none, so that `plain` can try the text instead.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envoi.message.reports.fields import instant, read_groups
from envoi.message.reports.phrases import STATUS
from envoi.message.reports.report import Action, RecipientReport, Report, ReportKind

if TYPE_CHECKING:
    from envoi.message.reports.fields import Fields
    from envoi.message.reports.structure import Part

__all__ = ["DELIVERY_STATUS", "bare_address", "read_delivery_status", "typed"]

DELIVERY_STATUS = ("message/delivery-status", "message/global-delivery-status")
_ABOUT_MESSAGE = frozenset(
    ("original-envelope-id", "reporting-mta", "dsn-gateway", "received-from-mta", "arrival-date")
)
_ABOUT_RECIPIENT = frozenset(
    (
        "original-recipient",
        "final-recipient",
        "action",
        "status",
        "remote-mta",
        "diagnostic-code",
        "last-attempt-date",
        "final-log-id",
        "will-retry-until",
    )
)
_COMMENT = re.compile(r"\([^()]*\)")
_TYPED = re.compile(r"([A-Za-z0-9-]{1,40})[ \t]*;[ \t]*(.*)")
_EMBEDDED = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_MOST_RECIPIENTS = 10_000


def read_delivery_status(part: Part) -> Report | None:
    """What the part says; None when it says nothing about anybody."""
    groups = read_groups(part.text)
    # Some servers leave the group about the message out, others the blank line after it.
    about = groups[0] if groups else None
    recipients = [_recipient(group) for group in groups[:_MOST_RECIPIENTS]]
    known = tuple(one for one in recipients if one is not None)
    if about is None or not known:
        return None
    return Report(
        kind=ReportKind.DELIVERY,
        format="RFC 3464",
        recipients=known,
        envelope_id=about.first("Original-Envelope-Id") or None,
        reporting_mta=typed(about.first("Reporting-MTA"))[1],
        gateway=typed(about.first("DSN-Gateway"))[1],
        received_from_mta=typed(about.first("Received-From-MTA"))[1],
        arrived_at=instant(about.first("Arrival-Date")),
        extensions=about.others(_ABOUT_MESSAGE | _ABOUT_RECIPIENT),
    )


def _recipient(group: Fields) -> RecipientReport | None:
    original = bare_address(group.first("Original-Recipient"))
    address = bare_address(group.first("Final-Recipient")) or original
    status = STATUS.search(group.first("Status"))
    action = _action(group.first("Action"), status[0] if status else None)
    if address is None or action is None:
        return None
    words_of, diagnostic = typed(group.first("Diagnostic-Code"))
    return RecipientReport(
        address=address,
        original=original,
        action=action,
        status=status[0] if status else None,
        diagnostic=diagnostic,
        diagnostic_type=words_of,
        remote_mta=typed(group.first("Remote-MTA"))[1],
        log_id=group.first("Final-Log-ID") or None,
        attempted_at=instant(group.first("Last-Attempt-Date")),
        retry_until=instant(group.first("Will-Retry-Until")),
        extensions=group.others(_ABOUT_MESSAGE | _ABOUT_RECIPIENT),
    )


def _action(said: str, status: str | None) -> Action | None:
    word = _COMMENT.sub("", said).strip().lower()
    try:
        return Action(word)
    except ValueError:
        # Required (RFC 3464 §2.3.3), and left out or made up by some: the status has the class.
        return {"5": Action.FAILED, "4": Action.DELAYED, "2": Action.DELIVERED}.get((status or " ")[0])


def typed(value: str) -> tuple[str | None, str | None]:
    """The type before the semicolon, in lower case, and what follows it; without a type all of it follows."""
    found = _TYPED.match(value)
    kind, rest = (found[1].lower(), found[2]) if found else (None, value)
    return kind, rest.strip() or None


def bare_address(value: str) -> str | None:
    """The address of a typed field, without type, comment and brackets (RFC 3464 §2.3.1, RFC 6533 §3)."""
    kind, address = typed(value)
    if address is None:
        return None
    bare = address.strip().removeprefix("<").removesuffix(">").strip()
    if kind == "utf-8":
        bare = _EMBEDDED.sub(_character, bare)
    return bare or None


def _character(found: re.Match[str]) -> str:
    point = int(found[1], 16)
    # A control character or half a surrogate pair stays as it is written.
    return chr(point) if 0xA0 <= point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF else found[0]
