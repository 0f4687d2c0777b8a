from __future__ import annotations

import locale
import os
from typing import TYPE_CHECKING

import pytest

from envoi.cli.files import checked, decode, text_of
from envoi.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def test_reads_text_with_and_without_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_bytes("\ufeffGrüße".encode())
    assert text_of(str(file)) == "Grüße"


def test_asks_the_locale_about_what_is_not_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locale, "getpreferredencoding", lambda _: "latin-1")
    assert decode("Grüße".encode("latin-1"), "it") == "Grüße"


def test_refuses_what_is_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locale, "getpreferredencoding", lambda _: "ascii")
    with pytest.raises(UsageError, match=r"report\.pdf is not text"):
        decode(b"\xff\xfe\x00", "report.pdf")


def test_names_the_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret"
    file.touch()
    # Root may read everything, and tests may run as root.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError) as refused:
        checked(str(file))
    assert refused.value.filename == str(file)
    with pytest.raises(IsADirectoryError):
        checked(str(tmp_path))
    with pytest.raises(FileNotFoundError):
        checked(str(tmp_path / "missing"))
