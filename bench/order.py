"""The work order of a contestant, and the mail that all of them send.

An order travels as one line of JSON to a process that may not be Python, so it names files and numbers only.
The octets of a message are the same for everybody; who composes gets the text of the same length.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["SENDER", "Order", "addresses", "message", "text", "write_contents"]

SENDER = "comptes@example.com"
_LINE = "Chaque ligne de ce message a la meme longueur, et rien ne s'y passe du tout.\n"
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
        message: file of the octets to send.
        text: file of the text to compose from.
        recipients: of each message.
        connections: at the same time.
    """

    port: int
    starttls: bool
    message: str
    text: str
    recipients: int
    connections: int

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
    def words(self) -> str:
        """The text."""
        return Path(self.text).read_text("utf-8")

    @property
    def to(self) -> list[str]:
        """The addresses of the recipients."""
        return addresses(self.recipients)


def addresses(count: int) -> list[str]:
    """So many recipients."""
    return [f"client{number}@example.org" for number in range(count)]


def text(size: int) -> str:
    """Text of about `size` octets, in lines that end with LF; every fiftieth begins with a dot."""
    lines: list[str] = []
    left = size
    while left > 0:
        line = _LINE if len(lines) % 50 else f".{_LINE[1:]}"
        lines.append(line[-left:])
        left -= len(line) + 1
    return "".join(lines)


def message(size: int) -> bytes:
    """A message of about `size` octets, header included, in lines that end with CRLF."""
    return (_HEADER + text(max(size - len(_HEADER), 1)).replace("\n", "\r\n")).encode("ascii")


def write_contents(folder: Path, size: int) -> tuple[Path, Path]:
    """Write the message and the text of this size; return their files."""
    files = folder / f"{size}.eml", folder / f"{size}.txt"
    if not files[0].exists():
        files[0].write_bytes(message(size))
        files[1].write_text(text(size), "utf-8", newline="")
    return files
