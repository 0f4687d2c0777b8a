"""Where a user's data is."""

from __future__ import annotations

from pathlib import Path

import pytest

from envoi.drivers.data_folder import data_folder, default_outbox
from envoi.errors import StoreUnavailable


def test_every_system_has_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert data_folder({"LOCALAPPDATA": "/data"}, "win32") == Path("/data/envoi")
    assert data_folder({}, "win32") == Path("/home/me/AppData/Local/envoi")
    assert data_folder({}, "darwin") == Path("/home/me/Library/Application Support/envoi")
    assert data_folder({}, "linux") == Path("/home/me/.local/share/envoi")
    assert data_folder({"XDG_DATA_HOME": "/data"}, "linux") == Path("/data/envoi")


def test_the_folder_is_made_for_the_user_alone(tmp_path: Path) -> None:
    file = default_outbox(
        {"XDG_DATA_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path), "HOME": str(tmp_path)}
    )
    assert file.name == "outbox.db"
    assert file.parent.is_dir()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "envoi").write_text("")
    with pytest.raises(StoreUnavailable, match="cannot be made"):
        default_outbox({"XDG_DATA_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)})
