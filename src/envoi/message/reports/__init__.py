"""What comes back after sending: bounces, complaints, receipts of reading, automatic answers; and our own.

`read_report` reads any of them, `origin_of` tells which mail it is about, `suppressions_for` which addresses
are to be left alone, and `delivery_status_notification` writes one. Pure: nothing here keeps a list, or sends
a mail.
"""

from __future__ import annotations

from envoi.message.reports.notification import delivery_status_notification, may_be_answered
from envoi.message.reports.reading import read_report
from envoi.message.reports.report import (
    Action,
    Disposition,
    Feedback,
    FeedbackType,
    RecipientReport,
    Report,
    ReportKind,
)
from envoi.message.reports.suppression import Judgement, Suppression, judge, suppressions_for
from envoi.message.reports.suppression_rules import SuppressionReason
from envoi.message.reports.verp import Origin, origin_of, sign_token, verify_token, verp_sender, verp_token

__all__ = [
    "Action",
    "Disposition",
    "Feedback",
    "FeedbackType",
    "Judgement",
    "Origin",
    "RecipientReport",
    "Report",
    "ReportKind",
    "Suppression",
    "SuppressionReason",
    "delivery_status_notification",
    "judge",
    "may_be_answered",
    "origin_of",
    "read_report",
    "sign_token",
    "suppressions_for",
    "verify_token",
    "verp_sender",
    "verp_token",
]
