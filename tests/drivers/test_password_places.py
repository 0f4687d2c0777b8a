from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import keyring
import keyring.errors
import pytest

from envoi.drivers.password_places import fetch_password, forget_password, keep_password
from envoi.errors import ConfigError
from envoi.session.account import PasswordPlace

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "geheim99"


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
    """A keyring in memory."""
    kept: dict[tuple[str, str], str] = {}
    monkeypatch.setattr(keyring, "get_password", lambda *key: kept.get(key))
    monkeypatch.setattr(
        keyring, "set_password", lambda service, user, word: kept.update({(service, user): word})
    )
    monkeypatch.setattr(keyring, "delete_password", lambda *key: kept.pop(key))
    return kept


def test_keeps_and_forgets_in_the_keyring(ring) -> None:
    keep_password("me", SECRET)
    assert fetch_password(PasswordPlace(keyring=True), "me") == SECRET
    forget_password("me")
    forget_password("me")
    with pytest.raises(ConfigError, match="the keyring has no password for 'me'"):
        fetch_password(PasswordPlace(keyring=True), "me")


def test_says_what_the_keyring_says(monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: str) -> str:
        raise keyring.errors.KeyringLocked("no way")

    monkeypatch.setattr(keyring, "get_password", locked)
    with pytest.raises(ConfigError, match="KeyringLocked: no way"):
        forget_password("me")
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match=r"envoi\[keyring\]"):
        fetch_password(PasswordPlace(keyring=True), "me")


def test_reads_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", SECRET)
    assert fetch_password(PasswordPlace(env="MAIL_PASSWORD"), "me") == SECRET
    monkeypatch.delenv("MAIL_PASSWORD")
    with pytest.raises(ConfigError, match="the variable MAIL_PASSWORD has no password"):
        fetch_password(PasswordPlace(env="MAIL_PASSWORD"), "me")


def test_reads_the_first_line_of_a_file(tmp_path: Path) -> None:
    place = tmp_path / "p"
    place.write_bytes(f"{SECRET}\r\nand more".encode())
    assert fetch_password(PasswordPlace(file=str(place)), "me") == SECRET
    place.write_bytes(b"\xff\n")
    with pytest.raises(ConfigError, match="UTF-8"):
        fetch_password(PasswordPlace(file=str(place)), "me")
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        fetch_password(PasswordPlace(file=str(tmp_path / "q")), "me")


def python(code: str) -> PasswordPlace:
    return PasswordPlace(command=(sys.executable, "-c", code))


def test_runs_a_program() -> None:
    assert fetch_password(python(f"print('{SECRET}\\nmore')"), "me") == SECRET


def test_a_program_that_fails_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="ended with 3") as caught:
        fetch_password(python(f"print('{SECRET}'); raise SystemExit(3)"), "me")
    assert SECRET not in str(caught.value)
    with pytest.raises(ConfigError, match="cannot be run"):
        fetch_password(PasswordPlace(command=("no-such-program",)), "me")

    def hang(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("x", 60)

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(ConfigError, match="within 60 s"):
        fetch_password(python("pass"), "me")
