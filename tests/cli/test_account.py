from __future__ import annotations

from typing import TYPE_CHECKING

import keyring
import pytest

from envoi.drivers.account_file import AccountFile
from envoi.oauth import TokenFolder
from envoi.testing import FakeClock
from tests.cli.conftest import PASSWORD
from tests.cli.keyring_in_file import FileKeyring
from tests.cli.tokens import keep_token
from tests.message.signing.material import pem, rsa_key
from tests.message.signing.test_dkim import holds

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
        "keyring": False,
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


def test_removes_a_token_that_nobody_can_read(account: Run, file: AccountFile) -> None:
    file.replace(OAUTH.replace('"mine"', '"mine", keyring = true'))
    kept = TokenFolder(file.path.parent / "tokens").path_of("google")
    kept.parent.mkdir(mode=0o700)
    kept.write_text('{"version": 1, "sealed": "?"}')
    kept.chmod(0o600)
    assert account("remove", "google").code == 0
    assert not kept.exists()


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


@pytest.fixture
def signing(file: AccountFile, tmp_path: Path) -> Path:
    """The key that the account `work` signs with."""
    key = tmp_path / "dkim.pem"
    key.write_bytes(pem(rsa_key()))
    key.chmod(0o600)
    file.replace(
        f'{file.text()}dkim = {{ key = "{key}", domain = "example.org", selector = "r2048" }}\n'
        "limits = { messages_per_minute = 6, messages_per_day = 1 }\n"
    )
    return key


TO_ANN = ("--account", "work", "--to", "ann@example.org", "--text", "x")


def test_signs_with_the_key_of_the_account(account: Run, server: SMTPServer, signing: Path) -> None:
    done = account(*TO_ANN, command="send")
    assert done.code == 0, done.err
    (mail,) = server.messages
    assert mail.data.count(b"DKIM-Signature:") == 1
    assert holds(mail.data)
    assert holds(account(*TO_ANN, "--dry-run", command="send").octets)
    assert (
        "✓ DKIM   the key can sign; its DNS record is r2048._domainkey.example.org"
        in account("test", "work").out
    )


def test_sends_nothing_that_it_cannot_sign(account: Run, server: SMTPServer, signing: Path) -> None:
    signing.chmod(0o644)
    done = account(*TO_ANN, command="send")
    assert done.code == 78
    assert f"chmod 600 {signing}" in done.err
    signing.chmod(0o600)
    signing.write_bytes(b"no key")
    assert account(*TO_ANN, command="send").code == account("test", "work").code == 78
    signing.unlink()
    assert "No such file" in account(*TO_ANN, command="send").err
    assert server.messages == []


@pytest.fixture
def merge(account: Run, signing: Path, tmp_path: Path) -> Callable[..., Outcome]:
    """Send two mails of a template through the account."""
    (tmp_path / "w.subject.txt").write_text("Hi {{ email }}\n")
    (tmp_path / "w.txt").write_text("Welcome.\n")
    (tmp_path / "people.csv").write_text("email\nann@example.org\nbob@example.org\n")
    rows = (str(tmp_path / "w"), str(tmp_path / "people.csv"), "--from", "me@example.org")
    return lambda *more: account(*rows, "--account", "work", "--send", *more, command="merge")


def test_a_merge_is_signed_and_no_faster_than_the_account_allows(
    merge: Run, server: SMTPServer, monkeypatch: pytest.MonkeyPatch, file: AccountFile
) -> None:
    clock = FakeClock()
    monkeypatch.setattr("envoi.cli.merge.BlockingRuntime", lambda: type("Runtime", (), {"clock": clock}))
    done = merge()
    assert done.code == 0, done.err
    assert done.err == "envoi: at most 1 a day, the limit of work; --rate says otherwise\n"
    assert clock.monotonic() == 86400
    assert all(holds(mail.data) for mail in server.messages)
    file.replace(file.text().replace("messages_per_day = 1", "messages_per_day = 2"))
    assert "at most 6 a minute, the limit of work" in merge().err
    assert clock.monotonic() == 86410
    assert merge("--rate", "1/s").err == ""
    assert clock.monotonic() == 86411
    assert merge("--quiet").err == ""
    assert len(server.messages) == 8
