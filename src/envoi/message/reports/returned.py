"""The message that a report is about, as far as the report brings it back, and the addresses it went to.

Whole (message/rfc822), its header (text/rfc822-headers, RFC 6522; the international forms of RFC 6533), or a
copy below a line of dashes. Of it only what tells which message it was is wanted.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envoi.message.reports.fields import Fields, read_fields

if TYPE_CHECKING:
    from envoi.message.reports.structure import Part

__all__ = ["ADDRESS", "addresses_in", "identifier_of", "returned_header", "sent_to"]

_MESSAGES = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/rfc822-headers",  # what some servers call it
    "message/global-headers",
)
_IDENTIFIER = re.compile(r"<[!-;=?-~]{1,248}>")
_IDENTIFIER_LINE = re.compile(
    r"^[ \t>|]{0,20}Message-ID:[ \t]*\n?[ \t>|]{0,20}(<[!-;=?-~]{1,248}>)", re.IGNORECASE | re.MULTILINE
)
ADDRESS = re.compile(r"[^\s<>()\[\]\",;:@\\]{1,64}@[^\s<>()\[\]\",;:@\\]{1,255}(?<![.'!?])")
_RECEIVED_FOR = re.compile(r"\bfor <([^<>\s]{3,320})>")
_RECIPIENT_FIELDS = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
_MOST = 100


def returned_header(root: Part) -> Fields:
    """The header of the returned message; without fields when it was not returned."""
    part = root.find(*_MESSAGES)
    if part is None:
        return read_fields("")
    return read_fields(part.text.lstrip("\n").partition("\n\n")[0])


def identifier_of(root: Part, returned: Fields, body: str) -> str | None:
    """The Message-ID of the message that the report is about.

    Args:
        root: the report.
        returned: the header of the returned message.
        body: the text of the report, which may have a copy of that header.
    """
    found = _IDENTIFIER.search(returned.first("Message-ID"))
    if found:
        return found[0]
    copied = _IDENTIFIER_LINE.search(body)
    if copied:
        return copied[1]
    for name in ("X-MS-Exchange-Parent-Message-Id", "In-Reply-To", "References"):
        # Of several references the last one is the message itself (RFC 5322 §3.6.4).
        named = _IDENTIFIER.findall(root.fields.first(name))
        if named:
            return str(named[-1])
    return None


def sent_to(root: Part, returned: Fields) -> tuple[str, ...]:
    """Where the report went, and the envelope sender of the message: one of them may be a VERP address."""
    fields = [value for name in _RECIPIENT_FIELDS for value in root.fields.all(name)]
    received = [found[1] for value in root.fields.all("Received") for found in _RECEIVED_FOR.finditer(value)]
    return addresses_in(" ".join([*fields, *returned.all("Return-Path"), *received]))


def addresses_in(text: str) -> tuple[str, ...]:
    """The addresses in a text, each once, in order; of plain form only."""
    return tuple(
        dict.fromkeys(found[0] for found, _ in zip(ADDRESS.finditer(text), range(_MOST), strict=False))
    )
