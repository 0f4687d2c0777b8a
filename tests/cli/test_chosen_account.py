from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi.drivers.account_file import AccountFile
from envoi.testing import SMTPServer
from tests.cli.conftest import LOGIN, PASSWORD, options_for
from tests.cli.tokens import ACCOUNT, TOKEN, keep_token

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome

    Run = Callable[..., Outcome]

MAIL = ("--to", "ann@example.org", "--text", "x")


@pytest.fixture
def file(tmp_path: Path, server: SMTPServer) -> AccountFile:
    """A file with the account `work` on the server."""
    made = AccountFile(tmp_path / "config.toml")
    made.replace(
        f'[accounts.work]\nserver = "127.0.0.1"\nport = {server.port}\nca_file = "{server.ca_file}"\n'
        'from = "me@example.org"\nusername = "me"\npassword = { env = "MAIL_PASSWORD" }\n'
    )
    return made


@pytest.fixture
def run(envoi: Run, file: AccountFile) -> Run:
    """Run a command where the variable names `work`, unless the test says otherwise."""

    def run(*arguments: str, **variables: str) -> Outcome:
        kept = {"ENVOI_CONFIG": str(file.path), "ENVOI_ACCOUNT": "work", "MAIL_PASSWORD": PASSWORD}
        return envoi(*arguments, environ={**kept, **variables})

    return run


def test_sends_through_the_account_of_the_environment(run: Run, server: SMTPServer) -> None:
    done = run("send", *MAIL)
    assert done.code == 0, done.err
    (mail,) = server.messages
    assert (mail.sender, mail.username) == ("me@example.org", "me")


def test_merges_through_it(run: Run, server: SMTPServer, tmp_path: Path) -> None:
    (tmp_path / "w.subject.txt").write_text("Hi\n")
    (tmp_path / "w.txt").write_text("Welcome.\n")
    (tmp_path / "people.csv").write_text("email\nann@example.org\n")
    rows = (str(tmp_path / "w"), str(tmp_path / "people.csv"), "--from", "me@example.org")
    assert run("merge", *rows, "--send").code == 0
    assert [mail.username for mail in server.messages] == ["me"]


def test_checks_its_server_and_its_login(run: Run, server: SMTPServer) -> None:
    assert run("check").code == 0
    assert run("check", "--account", "work", "--login", ENVOI_ACCOUNT="").code == 0
    assert run("check", "--login", MAIL_PASSWORD="wrong").code == 77
    done = run("check", "example.org", "--account", "work")
    assert (done.code, "SERVER contradicts --account" in done.err) == (64, True)


def test_prints_its_token(run: Run, file: AccountFile) -> None:
    file.replace(ACCOUNT)
    keep_token(file, "google")
    assert run("token", ENVOI_ACCOUNT="google").out == f"{TOKEN}\n"
    done = run("token", ENVOI_ACCOUNT="")
    assert (done.code, "set ENVOI_ACCOUNT" in done.err) == (78, True)


def test_goes_before_the_server_of_the_environment(run: Run, server: SMTPServer) -> None:
    assert run("send", *MAIL, ENVOI_SERVER="smtp://nowhere.invalid").code == 0
    assert len(server.messages) == 1


def test_gives_way_to_the_command_line(run: Run, file: AccountFile) -> None:
    with SMTPServer(accounts={"you": PASSWORD}) as other:
        given = ("--from", "you@example.org", *MAIL, *options_for(other, user="you"))
        assert run("send", *given, **LOGIN).code == 0
        file.replace(file.text().replace("work", "home"))
        assert run("send", "--account", "home", *MAIL).code == 0
    assert [mail.username for mail in other.messages] == ["you"]


@pytest.mark.parametrize("command", [("send", *MAIL), ("check",), ("token",)], ids=lambda each: each[0])
def test_says_who_named_an_account_that_is_none(run: Run, command: tuple[str, ...]) -> None:
    done = run(*command, ENVOI_ACCOUNT="nobody")
    assert done.code == 78
    assert "ENVOI_ACCOUNT=nobody:" in done.err
    assert "has no account 'nobody'; it has work" in done.err
    more = command if command[0] == "token" else (*command, "--account")
    assert run(*more, "nobody").code == done.code


def test_may_not_be_contradicted(run: Run) -> None:
    done = run("send", *MAIL, "--username", "you")
    assert done.code == 64
    assert "--username contradicts ENVOI_ACCOUNT" in done.err


@pytest.mark.parametrize("command", ["send", "merge", "check", "token"])
def test_is_in_the_help(run: Run, command: str) -> None:
    assert "ENVOI_ACCOUNT" in run(command, "--help").out
