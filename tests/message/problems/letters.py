"""Letters to look through: a good one, changed field by field, and what was found in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from envoi.message.problems import examine

if TYPE_CHECKING:
    from envoi.message.problems import Problem

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
GOOD = {
    "From": "Ann <ann@example.org>",
    "To": "bob@example.com",
    "Subject": "The report",
    "Date": "Sun, 22 Nov 2026 08:30:00 +0000",
    "Message-ID": "<1@example.org>",
    "MIME-Version": "1.0",
}


def letter(body: str | bytes = "Hello\n", /, drop: str = "", **fields: str) -> bytes:
    """The good letter with other fields (``_`` stands for ``-``) and another body."""
    header = {name: value for name, value in GOOD.items() if name != drop}
    header |= {name.replace("_", "-"): value for name, value in fields.items()}
    head = "".join(f"{name}: {value}\n" for name, value in header.items())
    octets = body.encode() if isinstance(body, str) else body
    return (head.encode("utf-8", "surrogateescape") + b"\n" + octets).replace(b"\n", b"\r\n")


def html(body: str, **fields: str) -> bytes:
    """The good letter with HTML beside its text."""
    page = f"Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{body}\n"
    return multipart("alternative", "Content-Type: text/plain\n\nHello\n", page, **fields)


def multipart(subtype: str, *parts: str, end: str = "--b--\n", **fields: str) -> bytes:
    """The good letter with these parts, each with its header."""
    body = "".join(f"--b\n{part}\n" for part in parts) + end
    return letter(body, Content_Type=f'multipart/{subtype}; boundary="b"', **fields)


def attached(name: str, *fields: str, kind: str = "application/octet-stream") -> str:
    """A part with a file."""
    head = "".join(f"{one}\n" for one in fields)
    disposition = f'attachment; filename="{name}"'
    encoding = "Content-Transfer-Encoding: base64"
    return f"Content-Type: {kind}\nContent-Disposition: {disposition}\n{encoding}\n{head}\nAAAA\n"


def problems(raw: bytes, **arguments) -> list[Problem]:
    return list(examine(raw, **{"now": NOW, **arguments}))


def kinds(raw: bytes, **arguments) -> list[tuple[str, str]]:
    """Each problem as its kind and its severity."""
    return [(one.kind.value, one.severity.value) for one in problems(raw, **arguments)]


def words(raw: bytes, **arguments) -> str:
    """Everything that is said, in one text."""
    return "\n".join(f"{one.where}: {one.what}: {one.remedy}" for one in problems(raw, **arguments))
