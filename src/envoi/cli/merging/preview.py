"""One mail to look at: in the terminal, as JSON, and its HTML as a file for the browser.

What is drawn is what the recipient gets, with sizes; characters that could steer a terminal are replaced. In
the file for the browser, pictures of the mail are put into the HTML, since no browser knows ``cid:``.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from envoi.cli.page import Page, Row, Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.message.email import Email

__all__ = ["preview_page", "preview_report", "to_look_at"]

_STEERING = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_REFERENCE = re.compile(r"cid:([A-Za-z0-9!#$&'*+/=?^_`{|}~.@-]+)")


def preview_page(email: Email, number: int) -> Page:
    """Draw a mail."""
    text = [] if email.text is None else email.text.splitlines()
    return Page(
        title=_harmless(email.subject) or "(no subject)",
        sections=(
            Section(heading=f"Row {number}", rows=tuple(_fields(email))),
            Section(heading="Text", rows=tuple(Row(text=_harmless(line)) for line in text)),
            Section(heading="Parts", rows=tuple(_parts(email))),
        ),
    )


def _fields(email: Email) -> Iterator[Row]:
    for label, values in (
        ("From", email.from_),
        ("To", email.to),
        ("Cc", email.cc),
        ("Bcc", email.bcc),
        ("Reply-To", email.reply_to),
    ):
        if values:
            yield Row(label=label, text=", ".join(map(str, values)))
    if email.unsubscribe is not None:
        ways = (email.unsubscribe.url, email.unsubscribe.mailto)
        yield Row(label="Unsubscribe", text=", ".join(way for way in ways if way))
    for name, value in email.headers:
        yield Row(label=name, text=_harmless(value))


def _parts(email: Email) -> Iterator[Row]:
    for part in _part_reports(email):
        name = "" if part["filename"] is None else f"{part['filename']}, "
        size = "of unknown size" if part["size"] is None else f"{part['size']:,} octets"
        yield Row(label=part["content_type"], text=name + size)
    total = email.size()
    yield Row(label="in all", text="of unknown size" if total is None else f"{total:,} octets, encoded")


def _part_reports(email: Email) -> Iterator[dict[str, Any]]:
    for content_type, text in (("text/plain", email.text), ("text/html", email.html)):
        if text is not None:
            yield {"content_type": content_type, "filename": None, "size": len(text.encode())}
    for one in email.attachments:
        yield {"content_type": one.content_type, "filename": one.filename, "size": one.size}


def preview_report(email: Email, number: int) -> dict[str, Any]:
    """Describe a mail for programs."""
    return {
        "row": number,
        "from": [str(one) for one in email.from_],
        "to": [str(one) for one in email.to],
        "subject": email.subject,
        "text": email.text,
        "html": email.html,
        "parts": list(_part_reports(email)),
        "size": email.size(),
    }


def to_look_at(email: Email) -> str | None:
    """The HTML with its pictures in it; None when there is no HTML."""
    pictures = {one.content_id: one for one in email.attachments if one.inline}

    def picture(found: re.Match[str]) -> str:
        one = pictures.get(found[1])
        if one is None:
            return found[0]
        data = b64encode(b"".join(one.source.chunks())).decode()
        return f"data:{one.content_type};base64,{data}"

    return None if email.html is None else _REFERENCE.sub(picture, email.html)


def _harmless(text: str) -> str:
    return _STEERING.sub("\N{REPLACEMENT CHARACTER}", text)
