from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from envoi.cli import login
from envoi.drivers import oauth_world
from envoi.drivers.account_file import AccountFile
from envoi.oauth import Consent, DeviceCode, Grant, Token
from tests.cli.tokens import ACCOUNT, TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envoi.session.account import Account
    from tests.cli.conftest import Outcome

    Run = Callable[..., Outcome]

URL = "https://accounts.example.org/auth?state=x"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Keeper:
    """A provider that takes every consent."""

    refresh_token: str | None = "1//refresh"
    expires_at: datetime | None = NOW
    pasted: list[str] = []  # noqa: RUF012 - read by the tests

    def __init__(self, account: Account, grant: Grant) -> None:
        self.grant = grant

    def authorize(self, way: Consent) -> Token:
        if self.grant is Grant.DEVICE_CODE:
            assert way.show_code is not None
            code = DeviceCode(user_code="AB-CD", verification_url=URL, complete_url=None, expires_at=NOW)
            way.show_code(code)
        else:
            assert way.open_url is not None
            way.open_url(URL)
        if way.paste is not None:
            self.pasted.append(str(way.paste()))
        return Token(
            access_token=TOKEN,
            refresh_token=self.refresh_token,
            obtained_at=NOW,
            expires_at=self.expires_at,
            scope="mail",
        )


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that the browser was opened at."""
    found: list[str] = []
    monkeypatch.setattr(oauth_world, "open_browser", found.append)
    monkeypatch.setattr(login, "keeper", Keeper)
    return found


@pytest.fixture
def run(envoi: Run, tmp_path: Path, opened: list[str]) -> Run:
    file = AccountFile(tmp_path / "config.toml")
    file.replace(ACCOUNT)

    def run(*arguments: str, **options: object) -> Outcome:
        return envoi("login", *arguments, environ={"ENVOI_CONFIG": str(file.path)}, **options)

    return run


def test_opens_the_browser_and_says_where(run: Run, opened: list[str]) -> None:
    done = run("google")
    assert (done.code, opened) == (0, [URL])
    assert URL in done.err
    assert "Signed in as me@gmail.com" in done.out
    assert "2026-11-22T12:00:00+00:00" in done.out
    assert TOKEN not in done.out + done.err


def test_takes_the_address_from_another_machine(run: Run, opened: list[str]) -> None:
    done = run("google", "--paste", stdin=b"http://127.0.0.1/?code=y\n")
    assert (done.code, opened) == (0, [])
    assert Keeper.pasted == ["http://127.0.0.1/?code=y"]


def test_shows_a_code(run: Run) -> None:
    assert f"Open {URL} and type AB-CD" in run("outlook", "--device").err


def test_says_what_cannot_be_renewed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Keeper, "refresh_token", None)
    monkeypatch.setattr(Keeper, "expires_at", None)
    assert "! Renewal" in run("google").out
    report = run("google", "--json").json
    assert report == {"account": "google", "expires_at": None, "renewable": False, "scope": "mail"}
