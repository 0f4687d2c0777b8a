from __future__ import annotations

import json
import os

import pytest

from envoi.errors import ConfigError
from envoi.oauth.sealing import Seal

KEY = bytes(range(32))
SEALS = pytest.mark.parametrize(
    "how", [{"key": KEY}, {"passphrase": "correct horse ☃"}], ids=["key", "passphrase"]
)


def seal(**how: object) -> Seal:
    return Seal(draw=os.urandom, **how)  # type: ignore[arg-type]


@SEALS
def test_opens_what_it_closed(how: dict[str, object]) -> None:
    closed = seal(**how).close(b"secret", account="zoe")
    assert b"secret" not in closed
    assert seal(**how).open(closed, account="zoe", place="x") == b"secret"


@SEALS
def test_another_account_or_a_changed_octet_does_not_open(how: dict[str, object]) -> None:
    made = seal(**how)
    closed = made.close(b"secret", account="zoe")
    with pytest.raises(ConfigError, match="does not open"):
        made.open(closed, account="bob", place="x")
    content = json.loads(closed)
    content["sealed"] = "AAAA" + content["sealed"][4:]
    with pytest.raises(ConfigError, match="does not open"):
        made.open(json.dumps(content).encode(), account="zoe", place="x")


def test_another_passphrase_does_not_open() -> None:
    closed = seal(passphrase="one").close(b"secret", account="zoe")
    with pytest.raises(ConfigError, match="does not open"):
        seal(passphrase="two").open(closed, account="zoe", place="x")
    with pytest.raises(ConfigError, match="another way"):
        seal(key=KEY).open(closed, account="zoe", place="x")


@pytest.mark.parametrize("how", [{}, {"passphrase": ""}, {"key": KEY, "passphrase": "x"}, {"key": b"short"}])
def test_wants_one_good_key(how: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        seal(**how)


@pytest.mark.parametrize("content", ['{"version": 1}', '{"version": 1, "salt": 1}', "", "[]"])
def test_refuses_what_is_damaged(content: str) -> None:
    with pytest.raises(ConfigError, match="damaged"):
        seal(key=KEY).open(content.encode(), account="zoe", place="x")


def test_says_when_a_file_is_not_encrypted_or_newer() -> None:
    with pytest.raises(ConfigError, match="not encrypted"):
        seal(key=KEY).open(b'{"version": 1, "access_token": "x"}', account="zoe", place="x")
    with pytest.raises(ConfigError, match="version 7"):
        seal(key=KEY).open(b'{"version": 7}', account="zoe", place="x")
