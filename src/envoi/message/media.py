"""Media types of files by their names, the same on every machine.

The standard library's table is filled up from whatever the system has in /etc/mime.types, so that one program
labels one file in two ways; here the usual types of attachments are listed, and the rest is the library's own
built-in table. Nothing looks into the file.
"""

from __future__ import annotations

import re
from functools import lru_cache

from envoi.errors import InvalidHeader
from envoi.message.characters import shown

__all__ = ["DEFAULT", "check_type", "guess"]

DEFAULT = "application/octet-stream"
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
_TYPES = {
    ".7z": "application/x-7z-compressed",
    ".bz2": "application/x-bzip2",
    ".csv": "text/csv",
    ".docx": f"{_OFFICE}wordprocessingml.document",
    ".eml": "message/rfc822",
    ".epub": "application/epub+zip",
    ".gz": "application/gzip",
    ".heic": "image/heic",
    ".ics": "text/calendar",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".md": "text/markdown",
    ".odp": f"{_OPEN}presentation",
    ".ods": f"{_OPEN}spreadsheet",
    ".odt": f"{_OPEN}text",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".pptx": f"{_OFFICE}presentationml.presentation",
    ".rar": "application/vnd.rar",
    ".rtf": "application/rtf",
    ".svg": "image/svg+xml",
    ".vcf": "text/vcard",
    ".webp": "image/webp",
    ".xlsx": f"{_OFFICE}spreadsheetml.sheet",
    ".xml": "application/xml",
    ".xz": "application/x-xz",
    ".yaml": "application/yaml",
    ".zip": "application/zip",
    ".zst": "application/zstd",
}
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")  # RFC 6838 §4.2


@lru_cache(maxsize=256)
def guess(filename: str) -> str:
    """The media type for a file of this name; `application/octet-stream` when nothing is known."""
    _, dot, ending = filename.lower().rpartition(".")
    known = _TYPES.get(dot + ending)
    if known is not None:
        return known
    from mimetypes import MimeTypes

    found, encoding = MimeTypes(()).guess_type(f"file.{ending}")
    return found if found is not None and encoding is None else DEFAULT


@lru_cache(maxsize=256)
def check_type(value: str) -> None:
    """Refuse what is no media type without parameters.

    Raises:
        InvalidHeader: not of the form type/subtype, or a composite type that needs parts of its own.
    """
    if not _TYPE.fullmatch(value):
        raise InvalidHeader(f"{shown(value)} is no media type; write type/subtype, such as application/pdf")
    if value.lower().startswith(("multipart/", "message/")) and value.lower() != "message/delivery-status":
        raise InvalidHeader(f"an attachment cannot be {value}; for a message use Attachment.from_email")
