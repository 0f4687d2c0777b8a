"""`read_report`: what a message that came back says, whoever wrote it and however.

Machines' parts come first (RFC 3464, RFC 5965, RFC 8098), then the words of bounces that have none, then
automatic answers: bounces may call themselves automatic answers, and never the other way round. Each kind is
read in a module of its own; here it is found, and joined with what tells which message it is about.
"""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING

from envoi.errors import UsageError
from envoi.message.reports.automatic import is_automatic_reply
from envoi.message.reports.delivery_status import DELIVERY_STATUS, read_delivery_status
from envoi.message.reports.disposition import DISPOSITION, read_disposition
from envoi.message.reports.feedback import FEEDBACK_REPORT, read_feedback
from envoi.message.reports.fields import instant
from envoi.message.reports.plain import read_plain
from envoi.message.reports.report import Report, ReportKind
from envoi.message.reports.returned import identifier_of, returned_header, sent_to
from envoi.message.reports.structure import read_parts

if TYPE_CHECKING:
    from envoi.message.reports.report import RecipientReport
    from envoi.message.reports.structure import Part

__all__ = ["read_report"]

_MACHINES = (
    (DELIVERY_STATUS, read_delivery_status),
    ((FEEDBACK_REPORT,), read_feedback),
    (DISPOSITION, read_disposition),
)
_TAG = re.compile(r"<(/?[a-z][a-z0-9]*|!)[^<>]{0,2000}>", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/?p|/?div|/?tr|/?li|/?h\d|/?table)\b[^<>]{0,2000}>", re.IGNORECASE)
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]+")
_LONGEST_EXPLANATION = 4000


def read_report(raw: bytes) -> Report | None:
    """The report that a message is; None for any other message, in time that grows with its size.

    Args:
        raw: the message as it arrived.

    Raises:
        UsageError: `raw` is not bytes.
    """
    if not isinstance(raw, bytes):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(f"a report is read from bytes, not {type(raw).__name__}: open the file as binary")
    root = read_parts(raw)
    body = _body(root)
    said = _by_machine(root, body) or read_plain(root, body) or _automatic_reply(root)
    if said is None:
        return None
    returned = returned_header(root)
    return replace(
        said,
        message_id=said.message_id or identifier_of(root, returned, body),
        sent_to=sent_to(root, returned),
        reported_at=instant(root.fields.first("Date")),
        explanation=_UNSEEN.sub(" ", body[:_LONGEST_EXPLANATION]).strip(),
    )


def _by_machine(root: Part, body: str) -> Report | None:
    for types, read in _MACHINES:
        part = root.find(*types)
        said = None if part is None else read(part)
        if said is not None:
            return _with_words(said, root, body)
    return None


def _with_words(said: Report, root: Part, body: str) -> Report:
    """The report with diagnostics out of its text: of what it found out itself, Exim tells people alone."""
    if not any(map(_says_nothing, said.recipients)):
        return said
    told = read_plain(root, body)
    known = {one.address.lower(): one.diagnostic for one in told.recipients} if told else {}
    return replace(
        said,
        recipients=tuple(
            replace(one, diagnostic=known.get(one.address.lower())) if _says_nothing(one) else one
            for one in said.recipients
        ),
    )


def _says_nothing(recipient: RecipientReport) -> bool:
    return not recipient.diagnostic and (recipient.status or ".0.0").endswith(".0.0")


def _automatic_reply(root: Part) -> Report | None:
    if not is_automatic_reply(root.fields):
        return None
    return Report(kind=ReportKind.AUTO_REPLY, format="RFC 3834")


def _body(root: Part) -> str:
    """What it says to people: the first plain text, or else what is readable of the HTML."""
    plain = root.find("text/plain")
    if plain is not None:
        return plain.text
    html = root.find("text/html")
    return "" if html is None else unescape(_TAG.sub("", _BREAK.sub("\n", html.text)))
