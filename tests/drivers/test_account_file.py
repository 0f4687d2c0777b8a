from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi.drivers.account_file import AccountFile, config_folder
from envoi.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

TEXT = '[accounts.me]\nserver = "smtp.example.org"\n'
SECRET = (
    f'{TEXT}username = "me"\n[accounts.me.oauth]\n'
    'provider = "gmail.com"\nclient_id = "x"\nclient_secret = "y"\n'
)


@pytest.fixture
def file(tmp_path: Path) -> AccountFile:
    return AccountFile(tmp_path / "deep" / "config.toml")


@pytest.mark.parametrize(
    ("platform", "environ", "end"),
    [
        ("linux", {}, ".config/envoi"),
        ("linux", {"XDG_CONFIG_HOME": "/x/conf"}, "/x/conf/envoi"),
        ("darwin", {"XDG_CONFIG_HOME": "/x/conf"}, "Library/Application Support/envoi"),
        ("win32", {"APPDATA": "/x/Roaming"}, "/x/Roaming/envoi"),
        ("win32", {}, "AppData/Roaming/envoi"),
    ],
)
def test_every_system_has_its_place(platform: str, environ: dict[str, str], end: str) -> None:
    assert config_folder(environ, platform).as_posix().endswith(end)


def test_a_variable_names_another_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ENVOI_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert AccountFile().path.name == "config.toml"
    monkeypatch.setenv("ENVOI_CONFIG", str(tmp_path / "other.toml"))
    assert AccountFile().path == tmp_path / "other.toml"


def test_no_file_has_no_accounts(file: AccountFile) -> None:
    assert file.accounts() == {}
    with pytest.raises(ConfigError, match="envoi account add"):
        file.account("me")


def test_keeps_a_new_file_to_its_owner(file: AccountFile) -> None:
    file.replace(TEXT)
    assert file.account("me").server == "smtp.example.org"
    assert file.path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigError, match="it has me"):
        file.account("you")


def test_keeps_mode_and_link_of_an_old_one(file: AccountFile, tmp_path: Path) -> None:
    file.path.parent.mkdir()
    real = tmp_path / "real.toml"
    real.write_text(TEXT)
    real.chmod(0o640)
    file.path.symlink_to(real)
    file.replace(f"# new\n{TEXT}")
    assert file.path.is_symlink()
    assert real.read_text().startswith("# new")
    assert real.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".config-")] == []


def test_a_secret_must_not_be_readable_to_others(file: AccountFile) -> None:
    file.replace(SECRET)
    assert file.account("me").oauth is not None
    file.path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        file.accounts()
    file.replace(SECRET)
    assert file.accounts(), "writing one protects it"
    file.replace(TEXT)
    assert file.accounts()


def test_says_when_it_cannot_be_read_or_written(file: AccountFile, monkeypatch: pytest.MonkeyPatch) -> None:
    file.path.parent.mkdir()
    file.path.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="cannot be read"):
        file.text()
    monkeypatch.setattr("os.fsync", _full)
    with pytest.raises(ConfigError, match="No space left"):
        file.replace(TEXT)
    assert [each.name for each in file.path.parent.iterdir()] == ["config.toml"]
    with pytest.raises(ConfigError, match="cannot be written"):
        AccountFile(file.path / "config.toml").replace(TEXT)


def _full(_: int) -> None:
    raise OSError(28, "No space left on device")
