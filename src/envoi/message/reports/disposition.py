"""Disposition notifications: "your mail was displayed", or deleted unread (RFC 8098).

Whatever they say, the mail was delivered: they are recognised so that nobody counts them as bounces. The
notice that a reader may refuse to send them is not this module's: it is in `envoi.message.fields`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.message.reports.delivery_status import bare_address, typed
from envoi.message.reports.fields import read_groups
from envoi.message.reports.report import Disposition, Report, ReportKind

if TYPE_CHECKING:
    from envoi.message.reports.structure import Part

__all__ = ["DISPOSITION", "read_disposition"]

DISPOSITION = ("message/disposition-notification", "message/global-disposition-notification")
_KNOWN = frozenset(
    (
        "reporting-ua",
        "mdn-gateway",
        "original-recipient",
        "final-recipient",
        "original-message-id",
        "disposition",
        "error",
    )
)


def read_disposition(part: Part) -> Report | None:
    """What the part says; None when it tells no disposition."""
    fields = next((group for group in read_groups(part.text) if group.first("Disposition")), None)
    if fields is None:
        return None
    modes, _, said = fields.first("Disposition").lower().partition(";")
    action, _, sending = modes.partition("/")
    kind, _, modifiers = said.partition("/")
    disposition = Disposition(
        type=kind.strip(),
        recipient=bare_address(fields.first("Final-Recipient")),
        original=bare_address(fields.first("Original-Recipient")),
        by_hand=_one_of(action, "manual-action", "automatic-action"),
        sent_by_hand=_one_of(sending, "mdn-sent-manually", "mdn-sent-automatically"),
        modifiers=tuple(filter(None, (one.strip() for one in modifiers.split(",")))),
        errors=fields.all("Error"),
        reporting_ua=fields.first("Reporting-UA") or None,
        extensions=fields.others(_KNOWN),
    )
    return Report(
        kind=ReportKind.DISPOSITION,
        format="RFC 8098",
        disposition=disposition,
        message_id=fields.first("Original-Message-ID") or None,
        gateway=typed(fields.first("MDN-Gateway"))[1],
    )


def _one_of(said: str, yes: str, no: str) -> bool | None:
    return {yes: True, no: False}.get(said.strip())
