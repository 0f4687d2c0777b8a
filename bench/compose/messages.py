"""The four messages of the comparison, and the ways to compose each of them.

A `Job` is one personalised mail: nothing of it is the same in the next one but the attachments, as in real
programs. Every composer gets the same job and gives bytes; what it cannot say it is not asked for.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP
from email.utils import formataddr, formatdate, make_msgid
from typing import TYPE_CHECKING, Any

from envoi.message.attachment import Attachment
from envoi.message.email import Email

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import Message

__all__ = ["COMPOSERS", "KINDS", "Job", "Kind"]

_FRENCH = (
    "Chère cliente, voici le résumé de l'été : vos commandes sont arrivées à bon port, "
    "et la facture est jointe à ce message. "
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One mail to compose."""

    name: str
    address: str
    subject: str
    text: str
    html: str | None = None
    image: bytes | None = None
    file: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Mails of one kind, and how many times faster than others envoi should compose them."""

    title: str
    goals: dict[str, float]
    text: str
    html: str | None = None
    image: bytes | None = None
    file: bytes | None = None

    def jobs(self, count: int) -> Iterator[Job]:
        """So many mails, no two alike."""
        for number in range(count):
            yield Job(
                name=f"Zoë Müller {number}",
                address=f"zoe{number}@example.org",
                subject=f"Le rapport d'été n° {number}",
                text=f"Bonjour {number},\n{self.text}",
                html=None if self.html is None else f"<p>Bonjour {number}</p>{self.html}",
                image=self.image,
                file=self.file,
            )


def with_envoi(job: Job) -> bytes:
    """By envoi."""
    attachments = []
    if job.image is not None:
        attachments.append(Attachment.from_bytes(job.image, "logo.png", inline=True))
    if job.file is not None:
        attachments.append(Attachment.from_bytes(job.file, "rapport.pdf"))
    to = f"{job.name} <{job.address}>"
    return Email(
        sender="Comptes <comptes@example.com>",
        to=to,
        subject=job.subject,
        text=job.text,
        html=job.html,
        attachments=attachments,
    ).to_bytes()


def with_email_message(job: Job) -> bytes:
    """By the standard library's `EmailMessage`, policy SMTP."""
    message = EmailMessage(policy=SMTP)
    _address(message, job)
    message.set_content(job.text)
    if job.html is not None:
        message.add_alternative(job.html, subtype="html")
        if job.image is not None:
            related: Any = message.get_payload(1)
            related.add_related(job.image, "image", "png", cid="<logo.png>", filename="logo.png")
    if job.file is not None:
        message.add_attachment(job.file, "application", "pdf", filename="rapport.pdf")
    return message.as_bytes()


def with_email_mime(job: Job) -> bytes:
    """By the standard library's older classes, `email.mime`."""
    message: Message = MIMEText(job.text, "plain", "utf-8")
    if job.html is not None:
        message = MIMEMultipart("alternative", None, [message, _mime_html(job, job.html)])
    if job.file is not None:
        file = MIMEApplication(job.file, "pdf")
        file.add_header("Content-Disposition", "attachment", filename="rapport.pdf")
        message = MIMEMultipart("mixed", None, [message, file])
    _address(message, job)
    return message.as_bytes()


def _mime_html(job: Job, html: str) -> Message:
    part: Message = MIMEText(html, "html", "utf-8")
    if job.image is None:
        return part
    image = MIMEImage(job.image, "png")
    image.add_header("Content-ID", "<logo.png>")
    return MIMEMultipart("related", None, [part, image])


def _address(message: Message, job: Job) -> None:
    message["From"] = "Comptes <comptes@example.com>"
    message["To"] = formataddr((job.name, job.address))
    message["Subject"] = job.subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain="example.com")


def _octets(size: int) -> bytes:
    return random.Random(size).randbytes(size)


COMPOSERS: dict[str, Callable[[Job], bytes]] = {
    "envoi": with_envoi,
    "EmailMessage": with_email_message,
    "email.mime": with_email_mime,
}
_HTML = "<html><body>" + "".join(f"<p>{_FRENCH}</p>\n" for _ in range(55)) + "</body></html>"
KINDS = (
    Kind(
        title="short text, not ASCII",
        goals={"EmailMessage": 25, "nodemailer": 3},
        text="Voici le résumé de l'été.\nÀ bientôt !\n",
    ),
    Kind(
        title="text and HTML, 10 KiB",
        goals={"EmailMessage": 10, "nodemailer": 2.5},
        text=f"{_FRENCH}\n" * 32,
        html=_HTML,
    ),
    Kind(
        title="HTML, PNG 20 KiB, PDF 200 KiB",
        goals={"EmailMessage": 12, "nodemailer": 3},
        text=_FRENCH,
        html=_HTML,
        image=_octets(20 << 10),
        file=_octets(200 << 10),
    ),
    Kind(
        title="attachment of 10 MiB",
        goals={"EmailMessage": 10, "nodemailer": 1.2},
        text=_FRENCH,
        file=_octets(10 << 20),
    ),
)
