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
    return bool(sender.strip("<> ")) and not is_automatic(_header(original)[1])


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
    header, fields = _header(original)
    author, to = Address.parse(reporter), Address.parse(sender)
    answered = _IDENTIFIER.search(fields.first("Message-ID"))
    top = [
        headers.addresses("From", (author,)),
        headers.addresses("To", (to,)),
        headers.unstructured("Subject", subject_for(reported)),
        f"Date: {date_field(stamp.at)}\r\n",
        headers.tokens("Message-ID", [identifier(message_id or new_identifier(stamp, author), "message_id")]),
        *(
            [headers.tokens(name, [answered[0]]) for name in ("In-Reply-To", "References")]
            if answered
            else ()
        ),
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n",
    ]
    parts = (
        _text(status_words(reported, fields, reporting_mta)),
        _machine(status_fields(reported, reporting_mta, envelope_id=envelope_id, arrived_at=arrived_at)),
        _returned(original if return_full else header, whole=return_full),
    )
    report = Multipart("report", parts, (("report-type", "delivery-status"),))
    return RawEmail(
        b"".join(flatten("".join(top), report, stamp.token).chunks()), sender="", recipients=[to.spec]
    )


def _header(original: bytes) -> tuple[bytes, Fields]:
    """The header with its line ends as they should be, and its fields."""
    lines = _LINE_END.sub(b"\r\n", original)
    header = b"" if lines.startswith(b"\r\n") else lines.partition(b"\r\n\r\n")[0]
    return header, read_fields(header.decode("utf-8", "replace").replace("\r\n", "\n"))


def _text(words: str) -> Leaf:
    data = normalised(words)
    transfer = choose(data, _SEVEN_BIT)
    fields = f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {transfer}\r\n"
    return Leaf(fields, encode_text(data, transfer), verbatim=transfer == "7bit")


def _machine(fields: str) -> Leaf:
    return Leaf("Content-Type: message/delivery-status\r\n", fields.encode("ascii"), verbatim=True)


def _returned(original: bytes, *, whole: bool) -> Leaf:
    octets = _LINE_END.sub(b"\r\n", original)
    if whole:
        return _returned_message(octets)
    if octets.isascii():
        return Leaf("Content-Type: text/rfc822-headers\r\n", octets + b"\r\n", verbatim=True)
    # RFC 6533 §6.3: a header in UTF-8 is another type, and one that may be encoded.
    data = octets + b"\r\n"
    transfer = choose(data, _SEVEN_BIT)
    fields = f"Content-Type: message/global-headers\r\nContent-Transfer-Encoding: {transfer}\r\n"
    return Leaf(fields, encode_text(data, transfer))


def _returned_message(octets: bytes) -> Leaf:
    header = octets.partition(b"\r\n\r\n")[0]
    kind = "message/rfc822" if header.isascii() else "message/global"
    transfer = "7bit" if octets.isascii() else "8bit"
    return Leaf(f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {transfer}\r\n", octets, verbatim=True)
