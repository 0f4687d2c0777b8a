"""The work order of a contestant, and the mail that all of them send.

An order travels as one line of JSON to a process that may not be Python, so it names files and numbers only.
The octets of a message are the same for everybody; who composes gets the text of the same length.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "SENDER",
    "Letter",
    "Order",
    "letters",
    "message",
    "words",
    "write_attachment",
    "write_contents",
]

SENDER = "comptes@example.com"
_LINE = "Every line of this message is as long as the others, and nothing happens in it.\r\n"
_WORDS = "Voici le résumé de l'été : vos commandes sont arrivées à bon port."
_HEADER = (
    f"From: Comptes <{SENDER}>\r\n"
    "To: Client <client0@example.org>\r\n"
    "Subject: Rapport\r\n"
    "Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
    "Message-ID: <1.2@example.com>\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: 7bit\r\n"
    "\r\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to send where.

    Attributes:
        port: on 127.0.0.1.
        starttls: whether the connection is to be secured; the authority is in SSL_CERT_FILE.
        message: file of the octets to send, or of those to attach.
        text: file of the text to compose from.
        recipients: of each message.
        connections: at the same time.
        window: mails under way at once on each connection; 0 for one call per mail.
    """

    port: int
    starttls: bool
    message: str
    text: str
    recipients: int
    connections: int
    window: int

    @classmethod
    def from_json(cls, line: str) -> Order:
        """Read a line."""
        return cls(**json.loads(line))

    def to_json(self) -> str:
        """Write the line."""
        return json.dumps(asdict(self))

    @property
    def octets(self) -> bytes:
        """The message."""
        return Path(self.message).read_bytes()

    @property
    def to(self) -> list[str]:
        """The addresses of the recipients."""
        return [f"client{number}@example.org" for number in range(self.recipients)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail to compose."""

    name: str
    address: str
    subject: str
    text: str


def letters(order: Order, count: int) -> Iterator[Letter]:
    """So many mails to compose, no two alike."""
    body = Path(order.text).read_text("utf-8")
    for number in range(count):
        yield Letter(
            name=f"Zoë Müller {number}",
            address=f"client{number}@example.org",
            subject=f"Le rapport d'été n° {number}",
            text=f"Bonjour {number},\n{body}",
        )


def message(size: int) -> bytes:
    """A message of `size` octets, header included; every fiftieth of its lines begins with a dot."""
    count = size // len(_LINE) + 1
    lines = (f".{_LINE[1:]}" if number % 50 == 0 else _LINE for number in range(count))
    left = max(size - len(_HEADER), len(_LINE)) - 2
    return (_HEADER + "".join(lines)[:left].rstrip("\r\n") + "\r\n").encode("ascii")


def words(size: int) -> str:
    """Text of about `size` octets in lines that end with LF, with accents."""
    return f"{_WORDS}\n" * (size // (len(_WORDS.encode()) + 1) + 1)


def write_contents(folder: Path, size: int) -> tuple[Path, Path]:
    """Write the message and the text of this size; return their files."""
    files = folder / f"{size}.eml", folder / f"{size}.txt"
    if not files[0].exists():
        files[0].write_bytes(message(size))
        files[1].write_text(words(size), "utf-8", newline="")
    return files


def write_attachment(folder: Path, size: int) -> tuple[Path, Path]:
    """Write a file of this size, and a text to go with it; return both."""
    file, text = folder / f"{size}.bin", write_contents(folder, 1024)[1]
    with file.open("wb") as octets:
        octets.truncate(size)  # zeros cost as much to encode as anything, and take no room on the disk
    return file, text
