from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi.cli import logout
from envoi.drivers.account_file import AccountFile
from envoi.oauth import TokenFolder
from tests.cli.tokens import ACCOUNT, keep_token

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome

    Run = Callable[..., Outcome]


@pytest.fixture
def file(tmp_path: Path) -> AccountFile:
    made = AccountFile(tmp_path / "config.toml")
    made.replace(ACCOUNT)
    keep_token(made, "google")
    keep_token(made, "outlook")
    return made


@pytest.fixture
def run(envoi: Run, file: AccountFile) -> Run:
    return lambda *arguments: envoi("logout", *arguments, environ={"ENVOI_CONFIG": str(file.path)})


def test_gives_the_token_back(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, bool]] = []

    class Keeper:
        def __init__(self, account) -> None:
            self.name = account.name

        def sign_out(self, *, revoke: bool) -> None:
            asked.append((self.name, revoke))

    monkeypatch.setattr(logout, "keeper", Keeper)
    assert "given back and forgotten" in run("google").out
    assert run("google", "--json").json == {"account": "google", "revoked": True}
    assert asked == [("google", True)] * 2


def test_forgets_it_where_the_provider_takes_none_back(run: Run, file: AccountFile) -> None:
    tokens = TokenFolder(file.path.parent / "tokens")
    assert run("outlook").code == 78
    assert tokens.load("outlook") is not None
    assert "forgotten here" in run("outlook", "--no-revoke").out
    assert tokens.load("outlook") is None
