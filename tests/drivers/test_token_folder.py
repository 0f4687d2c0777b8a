from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

import pytest

from envoi.drivers.token_folder import TokenFolder
from envoi.errors import ConfigError, Retry, TokenUnavailable
from envoi.oauth.record import Record
from envoi.oauth.sealing import Seal
from envoi.oauth.token import Token
from tests.oauth.stage import NOW

if TYPE_CHECKING:
    from pathlib import Path

RECORD = Record(token=Token(access_token="s3cr3t", refresh_token="r3fr35h", obtained_at=NOW))
OTHER = Record(token=Token(access_token="0th3r", obtained_at=NOW))
ZOE = "Zoë/../zoe@example.org"


@pytest.fixture
def folder(tmp_path: Path) -> TokenFolder:
    return TokenFolder(tmp_path / "deep" / "tokens")


def save(store: TokenFolder, record: Record, account: str = ZOE) -> None:
    hold = store.try_hold(account)
    assert hold is not None
    try:
        hold.prepare()
        hold.save(record)
    finally:
        hold.release()


def token_file(tmp_path: Path) -> Path:
    (found,) = (tmp_path / "deep" / "tokens").glob("*.token")
    return found


def test_keeps_what_it_is_given_for_the_user_alone(folder: TokenFolder, tmp_path: Path) -> None:
    assert folder.load(ZOE) is None
    save(folder, RECORD)
    assert folder.load(ZOE) == RECORD
    path = token_file(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert {each.suffix for each in path.parent.iterdir()} == {".token", ".lock"}
    assert b"\0" not in path.read_bytes()


def test_names_that_differ_in_case_alone_are_two_accounts(folder: TokenFolder) -> None:
    save(folder, RECORD, "zoe")
    save(folder, OTHER, "Zoe")
    assert (folder.load("zoe"), folder.load("Zoe")) == (RECORD, OTHER)


@pytest.mark.parametrize("account", ["", "a\0b"])
def test_an_account_needs_a_name(folder: TokenFolder, account: str) -> None:
    with pytest.raises(ConfigError):
        folder.load(account)


def test_one_at_a_time(folder: TokenFolder) -> None:
    hold = folder.try_hold(ZOE)
    assert hold is not None
    assert folder.try_hold(ZOE) is None
    assert folder.try_hold("bob") is not None
    hold.release()
    hold.release()
    assert folder.try_hold(ZOE) is not None


def test_forgets(folder: TokenFolder) -> None:
    save(folder, RECORD)
    hold = folder.try_hold(ZOE)
    assert hold is not None
    assert hold.load() == RECORD
    hold.delete()
    hold.delete()
    assert folder.load(ZOE) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_refuses_a_file_that_others_can_read(folder: TokenFolder, tmp_path: Path, mode: int) -> None:
    save(folder, RECORD)
    token_file(tmp_path).chmod(mode)
    with pytest.raises(ConfigError, match=rf"can be read by others \(mode {mode:04o}\)"):
        folder.load(ZOE)


def test_says_when_a_file_was_cut_off(folder: TokenFolder, tmp_path: Path) -> None:
    save(folder, RECORD)
    path = token_file(tmp_path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ConfigError, match="damaged, perhaps cut off: delete it and sign in again"):
        folder.load(ZOE)


def test_says_when_a_file_cannot_be_read(folder: TokenFolder, tmp_path: Path) -> None:
    save(folder, RECORD)
    path = token_file(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        folder.load(ZOE)


def full_disk(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, fail)


@pytest.mark.parametrize("step", ["prepare", "save"])
def test_a_full_disk_leaves_what_was_there(
    folder: TokenFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    save(folder, RECORD)
    hold = folder.try_hold(ZOE)
    assert hold is not None
    with monkeypatch.context() as patch:
        full_disk(patch, "fsync")
        with pytest.raises(TokenUnavailable, match=r"No space left on device.*unchanged") as caught:
            hold.prepare() if step == "prepare" else hold.save(OTHER)
    assert caught.value.retry is Retry.LATER
    hold.release()
    assert folder.load(ZOE) == RECORD
    assert not list(token_file(tmp_path).parent.glob("*.new"))


def test_room_taken_before_is_enough(folder: TokenFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    real = os.open

    def watch(path: Any, flags: int, *rest: Any) -> int:
        opened.append(flags)
        return real(path, flags, *rest)

    monkeypatch.setattr(os, "open", watch)
    save(folder, RECORD)
    assert not any(flags & os.O_TRUNC for flags in opened)


def test_a_place_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TokenUnavailable, match="cannot be written"):
        TokenFolder(tmp_path / "file" / "tokens").try_hold(ZOE)


def test_a_token_of_absurd_size_is_not_kept(folder: TokenFolder) -> None:
    with pytest.raises(ConfigError):
        save(folder, Record(token=Token(access_token="x" * 2**20, obtained_at=NOW)))


def test_sealed_files_open_with_their_seal_alone(folder: TokenFolder, tmp_path: Path) -> None:
    sealed = TokenFolder(tmp_path / "deep" / "tokens", seal=Seal(draw=os.urandom, passphrase="p4ss"))
    save(sealed, RECORD)
    assert sealed.load(ZOE) == RECORD
    assert b"s3cr3t" not in token_file(tmp_path).read_bytes()
    with pytest.raises(ConfigError, match="is encrypted: give its passphrase"):
        folder.load(ZOE)
