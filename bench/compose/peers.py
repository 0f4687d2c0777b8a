"""Other Python libraries that compose the same mails: yagmail, redmail, python-emails.

Each is used as its documentation says, less what the others do not do: yagmail does not inline style sheets,
redmail does not take the texts for templates. What a library cannot say (yagmail makes one text of text and
HTML, and both of them attach a picture from memory) it says its own way. `scripts/bench-environment` installs
them; they are no part of the development environment.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import emails
import redmail
import yagmail
from yagmail.message import prepare_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.compose.messages import Job

__all__ = ["PEERS"]

_SENDER = "comptes@example.com"
_REDMAIL = redmail.EmailSender(host="localhost", port=0)


def _file(data: bytes, name: str) -> BytesIO:
    file = BytesIO(data)
    file.name = name
    return file


def with_yagmail(job: Job) -> bytes:
    """By yagmail, without its style sheets."""
    contents: list[object] = [yagmail.raw(job.text)]
    if job.html is not None:
        contents.append(job.html)
    files = [(job.image, "logo.png"), (job.file, "rapport.pdf")]
    message = prepare_message(
        _SENDER,
        "Comptes",
        {"recipients": [job.address], "To": job.address},
        job.subject,
        contents,
        [_file(data, name) for data, name in files if data is not None] or None,
        None,
        "utf-8",
        prettify_html=False,
    )
    return bytes(message.as_string(), "utf-8")


def with_redmail(job: Job) -> bytes:
    """By redmail, without its templates."""
    files = {"logo.png": job.image, "rapport.pdf": job.file}
    message = _REDMAIL.get_message(
        subject=job.subject,
        sender=f"Comptes <{_SENDER}>",
        receivers=[f"{job.name} <{job.address}>"],
        text=job.text,
        html=job.html,
        attachments={name: data for name, data in files.items() if data is not None} or None,
        use_jinja=False,
    )
    return bytes(message.as_bytes())


def with_emails(job: Job) -> bytes:
    """By python-emails."""
    message = emails.Message(
        subject=job.subject,
        mail_from=("Comptes", _SENDER),
        mail_to=(job.name, job.address),
        text=job.text,
        html=job.html,
    )
    if job.image is not None:
        message.attach(data=job.image, filename="logo.png", content_disposition="inline")
    if job.file is not None:
        message.attach(data=job.file, filename="rapport.pdf")
    return message.as_bytes()


PEERS: dict[str, Callable[[Job], bytes]] = {
    "yagmail": with_yagmail,
    "redmail": with_redmail,
    "python-emails": with_emails,
}
