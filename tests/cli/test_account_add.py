from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import keyring
import pytest

from envoi.client.discover import discover
from envoi.discovery.provider import AuthorizationServer
from envoi.drivers.account_file import AccountFile
from envoi.testing import SMTPServer, faults
from tests.cli.conftest import PASSWORD
from tests.cli.keyring_in_file import FileKeyring
from tests.cli.test_program import PROGRAM, SPAWN, environment
from tests.discovery.places import Names, Web, plug

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Outcome

    Run = Callable[..., Outcome]

ME = "me@example.org"
TESTS = Path(__file__).resolve().parents[2]


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AccountFile:
    monkeypatch.setenv("KEYRING_FILE", str(tmp_path / "ring.json"))
    ring = FileKeyring()
    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(keyring, name, getattr(ring, name))
    return AccountFile(tmp_path / "config.toml")


@pytest.fixture
def add(envoi: Run, file: AccountFile, server: SMTPServer) -> Run:
    def run(*arguments: str, **options: object) -> Outcome:
        environ = {"ENVOI_CONFIG": str(file.path), "MAIL_PASSWORD": PASSWORD}
        arguments = ("account", "add", *arguments, "--ca-file", str(server.ca_file))
        return envoi(*arguments, environ=environ, **options)

    return run


def at(server: SMTPServer, user: str = "me@") -> tuple[str, ...]:
    return "--server", server.url.replace("://", f"://{user}")


BY_VARIABLE = ("--password-env", "MAIL_PASSWORD")


def test_proves_what_it_keeps(add: Run, file: AccountFile, server: SMTPServer) -> None:
    done = add("Me <me@example.org>", *at(server), *BY_VARIABLE)
    assert done.code == 0, done.err
    assert done.out.startswith("✓ The account me works\n")
    for word in (
        "the certificate is good",
        "accepted for me",
        "took it: 250",
        "look into the mailbox",
        str(file.path),
    ):
        assert word in done.out
    (mail,) = server.messages
    assert (mail.recipients, mail.username) == ((ME,), "me")
    assert mail.email["Subject"] == "envoi can send"
    account = file.account("me")
    assert (account.sender, account.port) == ("Me <me@example.org>", server.port)
    assert PASSWORD not in file.text()


def test_tells_programs(add: Run, server: SMTPServer) -> None:
    report = add(ME, "--name", "work", *at(server), *BY_VARIABLE, "--json").json
    assert (report["account"], report["username"], report["reply"]["code"]) == ("work", "me", 250)


def test_logs_in_only_when_no_mail_is_wanted(add: Run, file: AccountFile, server: SMTPServer) -> None:
    done = add(ME, *at(server), *BY_VARIABLE, "--no-test-mail")
    assert (done.code, server.messages) == (0, [])
    assert "no test mail was wanted" in done.out
    assert list(file.accounts()) == ["me"]


def test_keeps_nothing_that_does_not_work(add: Run, file: AccountFile, server: SMTPServer) -> None:
    keyring.set_password("envoi", "me", f"not-{PASSWORD}")
    assert add(ME, *at(server)).code == 77
    server.faults.append(faults.reply("RCPT", "550 5.1.1 nobody here"))
    assert add(ME, *at(server), *BY_VARIABLE).code == 69
    assert not file.path.exists()


def test_takes_a_password_that_is_known(add: Run, file: AccountFile, server: SMTPServer) -> None:
    keyring.set_password("envoi", "me", PASSWORD)
    assert add(ME, *at(server)).code == 0
    assert file.account("me").password is not None
    again = add(ME, *at(server))
    assert again.code == 78
    assert "--name" in again.err


def test_asks_nobody_where_nobody_sits(add: Run, server: SMTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    done = add(ME, *at(server), stdin=b"")
    assert done.code == 78
    assert "--password-command" in done.err
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "envoi[keyring]'; or name another place" in add(ME, *at(server), stdin=b"").err


def test_keeps_in_the_keyring_what_was_typed(
    add: Run, file: AccountFile, server: SMTPServer, monkeypatch
) -> None:
    monkeypatch.setattr("envoi.cli.account_add.ask_password", lambda _: PASSWORD)
    done = add(ME, *at(server))
    assert done.code == 0, done.err
    assert keyring.get_password("envoi", "me") == PASSWORD
    assert "Password  the keyring" in done.out


def test_takes_a_program_for_the_password(add: Run, file: AccountFile, server: SMTPServer) -> None:
    command = f"{sys.executable} -c 'print(\"{PASSWORD}\")'"
    done = add(ME, *at(server), "--password-command", command)
    assert done.code == 0, done.err
    assert f"what {sys.executable} prints" in done.out


def test_adds_a_relay_without_login(add: Run, file: AccountFile) -> None:
    with SMTPServer(security="plaintext") as relay:
        done = add(ME, *at(relay, ""))
    assert done.code == 0, done.err
    assert "! TLS" in done.out
    assert file.account("me").username == ""


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch, server: SMTPServer) -> Iterator[Names]:
    with Web() as web, Names() as running:
        plug(monkeypatch, web, running)
        yield running


def offer(names: Names, server: SMTPServer) -> None:
    names.records["_submission._tcp.example.org", "SRV"] = [f"1 1 {server.port} localhost."]


def test_searches_for_the_settings(add: Run, file: AccountFile, names: Names) -> None:
    with SMTPServer(accounts={ME: PASSWORD}) as server:
        offer(names, server)
        doubted = add(ME, *BY_VARIABLE, stdin=b"")
        assert doubted.code == 78
        assert "outside of example.org" in doubted.err
        done = add(ME, *BY_VARIABLE, "--yes", stdin=b"")
    assert done.code == 0, done.err
    account = file.account("me")
    assert (account.server, account.username) == ("localhost", ME)


def test_a_doubt_is_for_a_person(
    add: Run, file: AccountFile, names: Names, server: SMTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(names, server)
    refused = add(ME, *BY_VARIABLE)
    assert refused.code == 78
    assert "Use it? [y/N]" in refused.err
    assert "not agreed" in refused.err
    monkeypatch.setattr("envoi.cli.terminal.Terminal.ask", lambda *_: "Y")
    assert add(ME, *BY_VARIABLE).code == 77, "the server knows no such user, but it was asked"


def test_says_how_to_get_a_client_where_no_password_works(add: Run) -> None:
    done = add("me@hotmail.com")
    assert done.code == 78
    assert "--client-id" in done.err
    assert "(1) Register an application" in done.err


def test_says_which_password_is_wanted_before_asking(add: Run) -> None:
    done = add("me@gmail.com", stdin=b"")
    assert done.code == 78
    assert done.err.startswith("smtp.gmail.com, port 465: an app password")


@pytest.fixture
def signing_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody signs in at once, wherever."""

    class Keeper:
        def __init__(self, account: object, grant: object = None) -> None:
            self.account = account

        def authorize(self, consent: object) -> None:
            assert consent is not None

        async def token(self, *, renew: bool) -> str:
            return "ya29-a-token"

    monkeypatch.setattr("envoi.cli.account_add.keeper", Keeper)
    monkeypatch.setattr("envoi.client.account.keeper", Keeper)


@pytest.mark.usefixtures("signing_in")
def test_signs_in_with_a_client(add: Run, file: AccountFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIENT_SECRET", "geheim99")
    client = ("--client-id", "mine", "--client-secret-env", "CLIENT_SECRET")
    with SMTPServer(tokens={"ya29-a-token": ME}) as server:
        done = add(ME, *at(server, f"{ME.replace('@', '%40')}@"), *client)
    assert done.code == 0, done.err
    oauth = file.account("me").oauth
    assert oauth is not None
    assert oauth.client_secret == "geheim99"
    assert "geheim99" not in done.out + repr(oauth)


@pytest.mark.usefixtures("signing_in")
@pytest.mark.parametrize(
    ("said", "given", "kept"),
    [
        (None, (), ("example.org", "")),
        ("https://login.example.org", (), ("", "https://login.example.org")),
        (
            "https://login.example.org",
            ("--issuer", "https://other.example.net"),
            ("", "https://other.example.net"),
        ),
    ],
)
def test_takes_the_issuer_that_the_domain_names(
    add: Run,
    file: AccountFile,
    names: Names,
    monkeypatch: pytest.MonkeyPatch,
    said: str | None,
    given: tuple[str, ...],
    kept: tuple[str, str],
) -> None:
    with SMTPServer(tokens={"ya29-a-token": ME}) as server:
        offer(names, server)
        found = replace(discover(ME), authorization=AuthorizationServer(issuer=said) if said else None)
        monkeypatch.setattr("envoi.client.discover.discover", lambda *_, **__: found)
        done = add(ME, "--yes", "--client-id", "mine", *given)
    assert done.code == 0, done.err
    oauth = file.account("me").oauth
    assert oauth is not None
    assert (oauth.provider, oauth.issuer) == kept


def test_a_secret_needs_its_client(add: Run, server: SMTPServer) -> None:
    for option in ("--client-secret-env", "--issuer", "--scope"):
        done = add(ME, *at(server), *BY_VARIABLE, option, "X")
        assert done.code == 64
        assert f"{option} goes with --client-id" in done.err
    done = add(ME, *at(server), "--register", "--client-secret-env", "X")
    assert (done.code, "goes with --client-id" in done.err) == (64, True)
    done = add(ME, *at(server), "--register")
    assert (done.code, "the issuer of 'example.org' is not known" in done.err) == (78, True)


def test_from_the_question_to_the_account_on_a_terminal(
    file: AccountFile, server: SMTPServer, tmp_path: Path
) -> None:
    environ = environment(
        ENVOI_CONFIG=str(file.path),
        KEYRING_FILE=str(tmp_path / "ring.json"),
        PYTHON_KEYRING_BACKEND="tests.cli.keyring_in_file.FileKeyring",
        PYTHONPATH=str(TESTS),
        COLUMNS="100",
    )
    command = [sys.executable, "-c", SPAWN, *PROGRAM, "account", "add", ME, *at(server)]
    seen, typed, pipe = b"", f"{PASSWORD}\n".encode(), subprocess.PIPE
    command += ["--ca-file", str(server.ca_file)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environ, bufsize=0) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        while data := process.stdout.read(65536):
            seen += data
            if typed and b"Password for me:" in seen:
                process.stdin.write(typed)
                typed = b""
        code = process.wait(60)
    assert code == 0, seen.decode()
    assert "The account me works" in seen.decode()
    assert PASSWORD not in seen.decode()
    assert keyring.get_password("envoi", "me") == PASSWORD
    assert file.account("me").password is not None
    assert len(server.messages) == 1
