from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.backends.null import Keyring as NullKeyring

from envoi.drivers.token_keyring import TokenKeyring, keyring_key
from envoi.errors import ConfigError, TokenUnavailable
from envoi.oauth import TokenFolder, token_folder
from envoi.oauth.record import Record
from envoi.oauth.token import Token
from tests.oauth.stage import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RECORD = Record(token=Token(access_token="s3cr3t", refresh_token="r3fr35h", obtained_at=NOW))


class Ring(KeyringBackend):
    """A keyring in memory."""

    priority = 1  # pyright: ignore[reportAssignmentType]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def ring() -> Iterator[Ring]:
    before: Any = keyring.get_keyring()
    made = Ring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def test_keeps_and_forgets(ring: Ring, tmp_path: Path) -> None:
    store = TokenKeyring(tmp_path / "locks")
    assert store.load("zoe") is None
    hold = store.try_hold("zoe")
    assert hold is not None
    assert store.try_hold("zoe") is None
    hold.prepare()
    hold.save(RECORD)
    assert hold.load() == store.load("zoe") == RECORD
    hold.delete()
    hold.delete()
    hold.release()
    assert store.load("zoe") is None


def test_the_key_of_token_files_is_made_once(ring: Ring, tmp_path: Path) -> None:
    assert keyring_key() == keyring_key()
    store = token_folder(tmp_path / "tokens", keyring=True)
    hold = store.try_hold("zoe")
    assert hold is not None
    hold.save(RECORD)
    hold.release()
    assert token_folder(tmp_path / "tokens", keyring=True).load("zoe") == RECORD
    with pytest.raises(ConfigError, match="encrypted"):
        token_folder(tmp_path / "tokens").load("zoe")
    assert isinstance(store, TokenFolder)


def test_a_keyring_that_keeps_nothing_is_none(ring: Ring) -> None:
    keyring.set_keyring(NullKeyring())
    with pytest.raises(ConfigError, match="keeps nothing"):
        keyring_key()


def test_a_damaged_key_says_so(ring: Ring) -> None:
    keyring_key()
    ring.kept = dict.fromkeys(ring.kept, "é")
    with pytest.raises(ConfigError, match="damaged"):
        keyring_key()


def test_a_machine_without_a_keyring_says_so(ring: Ring, tmp_path: Path) -> None:
    keyring.set_keyring(NoKeyring())
    store = TokenKeyring(tmp_path / "locks")
    with pytest.raises(ConfigError, match="cannot be used"):
        store.load("zoe")
    hold = store.try_hold("zoe")
    assert hold is not None
    with pytest.raises(TokenUnavailable, match="cannot be used"):
        hold.prepare()
    hold.release()


def test_without_the_extra_it_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    with pytest.raises(ConfigError, match=r"envoi\[keyring\]"):
        TokenKeyring(tmp_path).load("zoe")


def test_locks_that_cannot_be_made_say_so(ring: Ring, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TokenUnavailable, match="takes no lock files"):
        TokenKeyring(tmp_path / "file" / "locks").try_hold("zoe")
