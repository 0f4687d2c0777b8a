"""Reports for the tests: the samples by name, and new ones from a few words."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from envoi.message.reports import Report, read_report

__all__ = ["EXPECTED", "NAMES", "bounce", "read", "sample", "with_part"]

_FOLDER = Path(__file__).parent / "samples"
EXPECTED: dict[str, Any] = tomllib.loads((_FOLDER / "expected.toml").read_text("utf-8"))
NAMES = sorted(path.stem for path in _FOLDER.glob("*.eml"))


def sample(name: str) -> bytes:
    return (_FOLDER / f"{name}.eml").read_bytes()


def read(raw: bytes | str) -> Report:
    found = read_report(raw.encode() if isinstance(raw, str) else raw)
    assert found is not None
    return found


def with_part(kind: str, body: str, *, fields: str = "") -> bytes:
    """A report with one part for machines."""
    return (
        f"{fields}Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\nWords.\r\n"
        f"--b\r\nContent-Type: {kind}\r\n\r\n{body}\r\n--b--\r\n"
    ).encode()


def bounce(text: str, *, fields: str = "From: mailer-daemon@mx.example\nSubject: Undeliverable\n") -> bytes:
    """A bounce in words."""
    return f"{fields}To: orders@shop.example\n\n{text}\n".encode()
