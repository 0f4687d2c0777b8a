from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from envoi.drivers.dkim_key_file import load_signer
from envoi.errors import ConfigError
from envoi.session.account import DKIMPlace
from tests.message.signing.material import alice, ec_key, ed25519_key, pem, rsa_key

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "dkim.pem"
    made.write_bytes(pem(ed25519_key()))
    made.chmod(0o600)
    return made


def at(file: Path, domain: str = "example.org", selector: str = "mail") -> DKIMPlace:
    return DKIMPlace(key=str(file), domain=domain, selector=selector)


@pytest.mark.parametrize("key", [rsa_key(), ed25519_key()], ids=["rsa", "ed25519"])
@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640], ids=oct)
def test_loads_a_key_that_is_the_owners_or_a_groups(file: Path, key, mode: int) -> None:
    file.chmod(0o600)
    file.write_bytes(pem(key))
    file.chmod(mode)
    (loaded,) = load_signer(at(file)).keys
    assert loaded.dns_name == "mail._domainkey.example.org"


def test_finds_it_at_home(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(file.parent))
    assert load_signer(DKIMPlace(key="~/dkim.pem", domain="example.org", selector="mail")).keys


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o620, 0o666], ids=oct)
def test_refuses_a_key_that_is_open_to_others(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(ConfigError, match=f"open to others.*chmod 600 {file}"):
        load_signer(at(file))


def test_says_which_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.pem cannot be read: No such file.*correct key ="):
        load_signer(at(tmp_path / "nowhere.pem"))
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_signer(at(tmp_path))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "begins with none"),
        (b"hunter2 is not a key", "not a private key"),
        (pem(ec_key()), "not with EC"),
        (pem(ed25519_key(), "secret"), "encrypted.*without a password"),
        (alice().pem, "holds a certificate"),
    ],
    ids=["empty", "text", "another kind", "with a password", "a certificate"],
)
def test_says_what_is_no_key_and_shows_none_of_it(file: Path, content: bytes, complaint: str) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=complaint) as caught:
        load_signer(at(file))
    assert str(file) in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("domain", "selector"), [("no domain", "mail"), ("example.org", "a b"), ("", "x")])
def test_says_what_is_no_name(file: Path, domain: str, selector: str) -> None:
    with pytest.raises(ConfigError, match="cannot sign with"):
        load_signer(at(file, domain, selector))
