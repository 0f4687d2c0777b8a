"""Attachments of mails that others wrote: kept as far as an `Attachment` can say it.

Real mail has file names with folders, identifiers with brackets, types that are none. A mail must not be
unreadable for that: what cannot be said is said more simply, and the octets are kept. Which part is an
attachment is decided in `reading`; what an `Attachment` refuses, in `attachment`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from email import policy
from typing import TYPE_CHECKING, Any

from envoi.errors import InvalidHeader
from envoi.message import media
from envoi.message.attachment import Attachment
from envoi.message.source import BytesSource

if TYPE_CHECKING:
    from collections.abc import Container
    from email.message import EmailMessage

__all__ = ["file_name", "octets", "salvaged"]

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
_LONGEST_NAME = 255
_AS_IT_IS = policy.SMTP.clone(refold_source="none", max_line_length=None)


def salvaged(part: EmailMessage, kind: str, taken: Container[str]) -> Attachment:
    """The attachment that a part is.

    Args:
        part: the part.
        kind: its media type.
        taken: the content identifiers of other attachments.
    """
    said: dict[str, Any] = {
        "source": BytesSource(octets(part)),
        "filename": file_name(part),
        "content_type": _type(kind),
        "inline": part.get_content_disposition() == "inline",
        "description": _field(part, "Content-Description") or None,
    }
    identifier = _field(part, "Content-ID").strip("<>") or None
    try:
        found = Attachment(**said, charset=part.get_content_charset(), content_id=identifier)
    except InvalidHeader:
        found = Attachment(**said)
    if found.content_id is not None and found.content_id in taken:
        return replace(found, inline=False, content_id=None)
    return found


def file_name(part: EmailMessage) -> str | None:
    """The name of the file without folders and control characters."""
    written = part.get_filename() or ""
    name = re.split(r"[/\\]", _CONTROLS.sub("", written))[-1]
    return name[-_LONGEST_NAME:] if name.strip(" .") else None


def octets(part: EmailMessage) -> bytes:
    """What is in the part; for types that hold header fields (message/delivery-status), their text."""
    payload: Any = part.get_payload(decode=True)
    if isinstance(payload, bytes):
        return payload
    inner: list[Any] = list(part.iter_parts())
    return b"".join([one.as_bytes(policy=_AS_IT_IS) for one in inner])


def _type(kind: str) -> str:
    if kind.startswith(("message/", "multipart/")):
        return "text/plain"  # of header fields: base64, as files have it, is not allowed for these types
    try:
        media.check_type(kind)
    except InvalidHeader:
        return media.DEFAULT
    return kind


def _field(part: EmailMessage, name: str) -> str:
    return _CONTROLS.sub("", str(part.get(name, ""))).strip()
