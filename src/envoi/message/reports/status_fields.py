"""The fields of a delivery status, written: one group about the message, one per recipient (RFC 3464 §2).

ASCII whatever comes in: addresses and texts beyond it are written as RFC 6533 §3 has it for 7-bit mail, and
no value can begin another field. Reading such fields is `delivery_status`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envoi.message import headers
from envoi.message.reports.report import Action
from envoi.message.stamp import date_field

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from envoi.message.reports.report import RecipientReport

__all__ = ["status_fields"]

_UNKNOWN = {Action.FAILED: "5.0.0", Action.DELAYED: "4.0.0"}
_BEYOND = re.compile(r"[^!-~]")
_LONGEST = 900
"""Characters of a value, and of a word in it once it is escaped: no line is longer than 998 octets."""


def status_fields(
    recipients: Iterable[RecipientReport],
    reporting_mta: str,
    *,
    envelope_id: str | None = None,
    arrived_at: datetime | None = None,
) -> str:
    """The body of a message/delivery-status part.

    Args:
        recipients: what became of the message for each.
        reporting_mta: the host name of the reporter.
        envelope_id: the ENVID of the message.
        arrived_at: when the reporter had it.
    """
    about = (
        _field("Original-Envelope-Id", envelope_id),
        _field("Reporting-MTA", reporting_mta, kind="dns"),
        _date("Arrival-Date", arrived_at),
    )
    return "\r\n".join(["".join(about), *map(_group, recipients)])


def _group(recipient: RecipientReport) -> str:
    remote = recipient.remote_mta
    return "".join(
        (
            _address("Original-Recipient", recipient.original),
            _address("Final-Recipient", recipient.address),
            _field("Action", recipient.action.value),
            _field("Status", recipient.status or _UNKNOWN.get(recipient.action, "2.0.0")),
            _field("Remote-MTA", remote, kind="dns"),
            _field("Diagnostic-Code", recipient.diagnostic, kind=recipient.diagnostic_type or "smtp"),
            _date("Last-Attempt-Date", recipient.attempted_at),
            _field("Final-Log-ID", recipient.log_id),
            _date("Will-Retry-Until", recipient.retry_until),
        )
    )


def _address(name: str, address: str | None) -> str:
    return _field(name, address, kind="utf-8" if address and not address.isascii() else "rfc822")


def _field(name: str, value: str | None, *, kind: str | None = None) -> str:
    if not value:
        return ""
    words = [_BEYOND.sub(_escaped, word)[:_LONGEST] for word in value[:_LONGEST].split()]
    return headers.tokens(name, [f"{kind};", *words] if kind else words)


def _escaped(found: re.Match[str]) -> str:
    return f"\\x{{{ord(found[0]):X}}}"


def _date(name: str, at: datetime | None) -> str:
    return f"{name}: {date_field(at)}\r\n" if at else ""
