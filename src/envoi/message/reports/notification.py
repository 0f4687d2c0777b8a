"""Delivery status notifications of our own: "your mail could not be delivered" (RFC 3464, RFC 6522).

Three parts: words for people, fields for machines (`status_fields`), and the message or its header. The null
sender and ``Auto-Submitted`` keep two programs from answering each other for ever (RFC 3834 §2); for the same
reason nothing is made in answer to a message that was sent so. When to send one is the outbox's decision.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envoi.errors import UsageError
from envoi.message import headers
from envoi.message.address import Address
from envoi.message.checks import identifier, new_identifier
from envoi.message.content import WireEncoding
from envoi.message.encode import choose, encode_text, normalised
from envoi.message.parts import Leaf, Multipart, flatten
from envoi.message.raw import RawEmail
from envoi.message.reports.automatic import is_automatic
from envoi.message.reports.fields import read_fields
from envoi.message.reports.status_fields import status_fields
from envoi.message.reports.status_words import status_words, subject_for
from envoi.message.reports.structure import header_of
from envoi.message.stamp import date_field

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from envoi.message.reports.fields import Fields
    from envoi.message.reports.report import RecipientReport
    from envoi.message.stamp import Stamp

__all__ = ["delivery_status_notification", "may_be_answered"]

_LINE_END = re.compile(rb"\r\n|\r|\n")
_IDENTIFIER = re.compile(r"<[!-;=?-~]{1,248}>")
_SEVEN_BIT = WireEncoding()


def may_be_answered(original: bytes, sender: str) -> bool:
    """Whether a program may answer the message at all.

    Args:
        original: the message, or its header.
        sender: its envelope sender.
    """
    return bool(sender.strip("<> ")) and not is_automatic(_fields(header_of(original)))


def delivery_status_notification(
    recipients: Iterable[RecipientReport],
    *,
    original: bytes,
    sender: str,
    reporter: str | Address,
    reporting_mta: str,
    stamp: Stamp,
    message_id: str | None = None,
    envelope_id: str | None = None,
    arrived_at: datetime | None = None,
    return_full: bool = False,
) -> RawEmail:
    """The report to the sender of a message, ready to be sent: 7-bit unless the whole message comes back.

    Args:
        recipients: what became of the message for each one that is reported on.
        original: the message, or its header.
        sender: its envelope sender, who gets the report.
        reporter: the author of the report, as ``Mail delivery <mailer-daemon@example.com>``.
        reporting_mta: the host name of the reporter.
        stamp: the date of the report, and the token of its boundary and Message-ID.
        message_id: another Message-ID.
        envelope_id: the ENVID of the message.
        arrived_at: when the message was handed over.
        return_full: whether the message comes back whole, instead of its header (RFC 3461 §4.3).

    Raises:
        InvalidAddress: `sender` or `reporter` is not an address.
        UsageError: there is no recipient, or no program may answer the message: see `may_be_answered`.
    """
    reported = tuple(recipients)
    if not reported:
        raise UsageError("a delivery report is about at least one recipient")
    if not may_be_answered(original, sender):
        raise UsageError(
            "the message has no sender to report to, or was sent by a program that wants no answer "
            "(RFC 3834 §2); ask may_be_answered() first"
        )
    header = header_of(original)
    fields = _fields(header)
    author, to = Address.parse(reporter), Address.parse(sender)
    named = identifier(message_id or new_identifier(stamp, author), "message_id")
    top = (
        headers.addresses("From", (author,)),
        headers.addresses("To", (to,)),
        headers.unstructured("Subject", subject_for(reported)),
        f"Date: {date_field(stamp.at)}\r\n",
        headers.tokens("Message-ID", [named]),
        *_answer_to(fields),
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n",
    )
    machine = status_fields(reported, reporting_mta, envelope_id=envelope_id, arrived_at=arrived_at)
    parts = (
        _encoded("text/plain; charset=utf-8", normalised(status_words(reported, fields, reporting_mta))),
        Leaf("Content-Type: message/delivery-status\r\n", machine.encode("ascii"), verbatim=True),
        _whole(original) if return_full else _header(header),
    )
    report = Multipart("report", parts, (("report-type", "delivery-status"),))
    return RawEmail(
        b"".join(flatten("".join(top), report, stamp.token).chunks()), sender="", recipients=[to.spec]
    )


def _answer_to(fields: Fields) -> list[str]:
    found = _IDENTIFIER.findall(fields.first("Message-ID"))[:1]
    return [headers.tokens(name, found) for name in ("In-Reply-To", "References") if found]


def _fields(header: bytes) -> Fields:
    return read_fields(header.decode("utf-8", "replace"))


def _header(header: bytes) -> Leaf:
    data = _LINE_END.sub(b"\r\n", header) + b"\r\n"
    # RFC 6533 §6.3: a header in UTF-8 is another type, and one that may be encoded.
    kind = "text/rfc822-headers" if data.isascii() else "message/global-headers"
    return _encoded(kind, data)


def _whole(message: bytes) -> Leaf:
    octets = _LINE_END.sub(b"\r\n", message)
    kind = "message/rfc822" if header_of(octets).isascii() else "message/global"
    transfer = "7bit" if octets.isascii() else "8bit"  # RFC 2046 §5.2.1 forbids any other
    return Leaf(_part_header(kind, transfer), octets, verbatim=True)


def _encoded(kind: str, data: bytes) -> Leaf:
    transfer = choose(data, _SEVEN_BIT)
    return Leaf(_part_header(kind, transfer), encode_text(data, transfer), verbatim=transfer == "7bit")


def _part_header(kind: str, transfer: str) -> str:
    return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {transfer}\r\n"
