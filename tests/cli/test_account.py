from __future__ import annotations

from typing import TYPE_CHECKING

import keyring
import pytest

from envoi.drivers.account_file import AccountFile
from envoi.oauth import TokenFolder
from tests.cli.conftest import PASSWORD
from tests.cli.keyring_in_file import FileKeyring
from tests.cli.tokens import keep_token

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envoi.testing import SMTPServer
    from tests.cli.conftest import Outcome

    Run = Callable[..., Outcome]

OAUTH = """
[accounts.google]
server = "smtp.gmail.com"
username = "me@gmail.com"
dkim = { key = "k.pem", domain = "example.org", selector = "s1" }
oauth = { provider = "gmail.com", client_id = "mine", client_secret = "geheim99" }
limits = { messages_per_day = 500 }
"""


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: SMTPServer) -> AccountFile:
    """A file with the account `work` on the server, its password in the keyring."""
    monkeypatch.setenv("KEYRING_FILE", str(tmp_path / "ring.json"))
    ring = FileKeyring()
    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(keyring, name, getattr(ring, name))
    ring.set_password("envoi", "me", PASSWORD)
    made = AccountFile(tmp_path / "config.toml")
    made.replace(
        f'[accounts.work]\nserver = "127.0.0.1"\nport = {server.port}\nca_file = "{server.ca_file}"\n'
        'from = "Me <me@example.org>"\nusername = "me"\npassword = { keyring = true }\n'
    )
    return made


@pytest.fixture
def account(envoi: Run, file: AccountFile) -> Run:
    def run(*arguments: str, command: str = "account", **options: object) -> Outcome:
        return envoi(command, *arguments, environ={"ENVOI_CONFIG": str(file.path)}, **options)

    return run


def test_lists_accounts(account: Run, file: AccountFile) -> None:
    done = account("list")
    assert done.out.startswith(f"1 accounts in {file.path}")
    assert "Me <me@example.org> through 127.0.0.1" in done.out
    assert [each["name"] for each in account("list", "--json").json["accounts"]] == ["work"]
    file.replace("")
    assert "envoi account add ADDRESS" in account("list").out


def test_shows_an_account_without_secrets(account: Run, file: AccountFile) -> None:
    assert "Password" in account("show", "work").out
    file.replace(OAUTH)
    done = account("show", "google")
    for word in ("gmail.com, client mine", "s1 at example.org", "messages_per_day 500", "by security"):
        assert word in done.out
    report = account("show", "google", "--json")
    assert report.json["oauth"] == {
        "provider": "gmail.com",
        "issuer": "",
        "client_id": "mine",
        "scope": "",
    }
    assert "geheim99" not in done.out + report.out


def test_tests_an_account(account: Run, server: SMTPServer, file: AccountFile) -> None:
    done = account("test", "work")
    assert (done.code, server.messages) == (0, [])
    assert "✓ Login  logged in as me" in done.out
    assert account("test", "work", "--json").json["logged_in"] is True
    keyring.set_password("envoi", "me", f"not-{PASSWORD}")
    assert account("test", "work").code == 77


def test_removes_an_account_and_its_password(account: Run, file: AccountFile) -> None:
    file.replace(f"{file.text()}{OAUTH}")
    assert "and the keyring" in account("remove", "work").out
    assert list(file.accounts()) == ["google"]
    assert keyring.get_password("envoi", "me") is None
    keep_token(file, "google")
    assert account("remove", "google", "--json").json["password_forgotten"] is False
    assert TokenFolder(file.path.parent / "tokens").load("google") is None
    assert account("remove", "google").code == 78


def test_keeps_a_password_that_another_account_uses(account: Run, file: AccountFile) -> None:
    file.replace(f"{file.text()}\n{file.text().replace('work', 'home')}")
    assert account("remove", "work", "--json").json["password_forgotten"] is False
    assert keyring.get_password("envoi", "me") == PASSWORD


def test_sends_through_an_account(account: Run, server: SMTPServer) -> None:
    done = account("--account", "work", "--to", "ann@example.org", "--text", "x", command="send")
    assert done.code == 0, done.err
    (mail,) = server.messages
    assert (mail.sender, mail.username) == ("me@example.org", "me")
    other = (
        "--ca-file",
        str(server.ca_file),
        "--from",
        "zoe@example.org",
        "--to",
        "ann@example.org",
        "--text",
        "x",
    )
    assert account("--account", "work", *other, command="send").code == 0
    assert server.messages[-1].sender == "zoe@example.org"


@pytest.mark.parametrize("option", [("--server", "h"), ("--username", "you"), ("--keyring",)])
def test_an_account_says_it_all(account: Run, option: tuple[str, ...]) -> None:
    done = account("--account", "work", *option, "--to", "a@example.org", "--text", "x", command="send")
    assert done.code == 64
    assert f"{option[0]} contradicts --account" in done.err


def test_says_where_the_file_is_wrong(account: Run, file: AccountFile) -> None:
    file.replace('[accounts.a]\nsever = "h"\n')
    done = account("list")
    assert done.code == 78
    assert f"{file.path}, line 2: [accounts.a] sever is not known; server perhaps?" in done.err
