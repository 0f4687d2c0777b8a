"""Feedback reports: complaints of readers, failures of authentication (RFC 5965, RFC 6591, RFC 6692).

The machine's part is one group of fields. Reporters redact what they like: a report without a recipient is
usual, and which mail it is about shows in the returned header or in a VERP address.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envoi.message.reports.delivery_status import bare_address, typed
from envoi.message.reports.fields import instant, read_groups
from envoi.message.reports.report import Feedback, FeedbackType, Report, ReportKind

if TYPE_CHECKING:
    from envoi.message.reports.structure import Part

__all__ = ["FEEDBACK_REPORT", "read_feedback"]

FEEDBACK_REPORT = "message/feedback-report"
_KNOWN = frozenset(
    (
        "feedback-type",
        "version",
        "user-agent",
        "original-envelope-id",
        "original-mail-from",
        "original-rcpt-to",
        "arrival-date",
        "received-date",
        "reporting-mta",
        "source-ip",
        "incidents",
        "authentication-results",
        "reported-domain",
        "reported-uri",
        "auth-failure",
        "delivery-result",
    )
)
_NUMBER = re.compile(r"\d{1,9}")


def read_feedback(part: Part) -> Report | None:
    """What the part says; None when it names no type."""
    fields = next((group for group in read_groups(part.text) if group.first("Feedback-Type")), None)
    if fields is None:
        return None
    incidents = _NUMBER.match(fields.first("Incidents"))
    feedback = Feedback(
        type=_type(fields.first("Feedback-Type")),
        recipients=tuple(filter(None, map(bare_address, fields.all("Original-Rcpt-To")))),
        original_sender=bare_address(fields.first("Original-Mail-From")),
        source_ip=fields.first("Source-IP") or None,
        reported_domains=fields.all("Reported-Domain"),
        reported_uris=fields.all("Reported-URI"),
        incidents=int(incidents[0]) if incidents else 1,
        user_agent=fields.first("User-Agent") or None,
        authentication_results=fields.all("Authentication-Results"),
        auth_failure=fields.first("Auth-Failure").lower() or None,
        delivery_result=fields.first("Delivery-Result").lower() or None,
        extensions=fields.others(_KNOWN),
    )
    return Report(
        kind=ReportKind.FEEDBACK,
        format="RFC 5965",
        feedback=feedback,
        envelope_id=fields.first("Original-Envelope-Id") or None,
        reporting_mta=typed(fields.first("Reporting-MTA"))[1],
        arrived_at=instant(fields.first("Arrival-Date") or fields.first("Received-Date")),
    )


def _type(said: str) -> FeedbackType:
    try:
        return FeedbackType(said.strip().lower())
    except ValueError:
        return FeedbackType.OTHER
