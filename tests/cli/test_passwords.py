from __future__ import annotations

import getpass
import sys
import warnings
from argparse import ArgumentParser
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from envoi.cli.passwords import Secret, add_secret_options, find_secret
from envoi.cli.terminal import Terminal
from envoi.errors import ConfigError
from tests.cli.conftest import Stream

if TYPE_CHECKING:
    from pathlib import Path


def find(*arguments: str, username: str | None = "me", terminal: bool = False, **environ: str) -> Secret:
    parser = ArgumentParser()
    add_secret_options(parser)
    stdin, stdout, stderr = (Stream(terminal=terminal) for _ in range(3))
    given = parser.parse_args(arguments)
    return find_secret(given, username, Terminal(stdin, stdout, stderr, environ=environ))


def test_needs_no_secret_without_a_user() -> None:
    assert find(username=None, ENVOI_PASSWORD="x") == Secret()


def test_takes_the_usual_variables() -> None:
    assert find(ENVOI_PASSWORD="p") == Secret(password="p")
    assert find(ENVOI_TOKEN="t") == Secret(token="t")


def test_does_not_choose_between_two() -> None:
    with pytest.raises(ConfigError, match="both"):
        find(ENVOI_PASSWORD="p", ENVOI_TOKEN="t")


def test_takes_the_variable_that_is_named() -> None:
    assert find("--password-env", "MINE", MINE="p", ENVOI_PASSWORD="q") == Secret(password="p")
    assert find("--token-env", "MINE", MINE="t", username=None) == Secret(token="t")


def test_wants_the_named_variable_to_hold_something() -> None:
    with pytest.raises(ConfigError, match="MINE is not set"):
        find("--password-env", "MINE")
    with pytest.raises(ConfigError, match="MINE is not set, or empty"):
        find("--password-env", "MINE", MINE="")


def test_takes_the_first_line_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes("pässword \r\nmore\n".encode())
    assert find("--password-file", str(file)) == Secret(password="pässword ")
    assert find("--token-file", str(file)) == Secret(token="pässword ")


@pytest.mark.parametrize(("content", "word"), [(b"\nsecond", "empty"), (b"\xff\xfe", "UTF-8")])
def test_refuses_a_file_without_a_password(tmp_path: Path, content: bytes, word: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=word):
        find("--password-file", str(file))


def test_asks_where_somebody_sits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda prompt: f"typed at {prompt}")
    assert find(terminal=True) == Secret(password="typed at Password for me: ")


def test_asks_nobody_in_a_pipe() -> None:
    with pytest.raises(ConfigError, match="no terminal to ask on"):
        find()


@pytest.mark.parametrize("answer", ["", "eof", "visible"])
def test_takes_no_empty_or_visible_password(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    def ask(prompt: str) -> str:
        if answer == "eof":
            raise EOFError
        if answer == "visible":
            warnings.warn("can not control echo", getpass.GetPassWarning, stacklevel=1)
            return "shown to everybody"
        return ""

    monkeypatch.setattr(getpass, "getpass", ask)
    with pytest.raises(ConfigError, match="no password for 'me' was given"):
        find(terminal=True)


class KeyringError(Exception):
    pass


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
    kept: dict[tuple[str, str], str] = {}

    def get_password(service: str, user: str) -> str | None:
        if user == "locked":
            raise KeyringError("the collection is locked")
        return kept.get((service, user))

    module, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    module.get_password = get_password  # type: ignore[attr-defined]
    errors.KeyringError = KeyringError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", module)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    return kept


def test_takes_it_from_the_keyring(keyring: dict[tuple[str, str], str]) -> None:
    keyring["envoi", "me"] = "kept"
    assert find("--keyring") == Secret(password="kept")


@pytest.mark.parametrize(
    ("username", "word"), [("me", "keyring set envoi me"), ("locked", "locked"), (None, "--username")]
)
def test_says_why_the_keyring_gives_nothing(
    keyring: dict[tuple[str, str], str], username: str | None, word: str
) -> None:
    with pytest.raises(ConfigError, match=word):
        find("--keyring", username=username)


def test_says_what_to_install_for_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match=r"envoi\[keyring\]"):
        find("--keyring")


def test_never_shows_a_secret() -> None:
    assert "abc" not in repr(Secret(password="abc", token="abc"))
