"""Accounts whose provider is an issuer by its address: from nothing to a mail, and out again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import keyring
import pytest
from keyring.errors import NoKeyringError

from envoi import AsyncSMTPSession
from envoi.drivers import oauth_world, system
from envoi.drivers.account_file import AccountFile
from envoi.oauth import TokenFolder
from envoi.oauth.record import Record
from tests.cli.keyring_in_file import FileKeyring
from tests.cli.test_program import PROGRAM, environment
from tests.client.browsers import browser
from tests.interop.mails import new_mail
from tests.servers.daemon import wait_until
from tests.servers.listeners import ALICE, BOB

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome
    from tests.servers.oidc_provider import OIDCProvider
    from tests.servers.postfix import Postfix

    Run = Callable[..., Outcome]

pytestmark = pytest.mark.programs("node", "dovecot", "postfix")

RENEWAL = {"grant": "refresh_token", "status": 200}
TARGET_SECONDS = 10.0
# What the person's browser is here: it notes when it was opened, and where.
BROWSER = "import sys, time; open(sys.argv[1], 'w').write(f'{time.time()} {sys.argv[2]}')"


def adding(oidc_provider: OIDCProvider, postfix: Postfix) -> tuple[str, ...]:
    return (
        *("account", "add", ALICE.address, "--name", "work"),
        *("--server", f"smtp://{ALICE.address.replace('@', '%40')}@localhost:{postfix.submission.port}"),
        *("--ca-file", str(postfix.ca_file), "--issuer", oidc_provider.issuer, "--client-id", "desktop"),
        *("--scope", "openid offline_access mail"),
    )


def no_keyring(*_: str) -> None:
    raise NoKeyringError


@pytest.fixture
def file(tmp_path: Path) -> AccountFile:
    return AccountFile(tmp_path / "config.toml")


@pytest.fixture
def run(envoi: Run, file: AccountFile, oidc_provider: OIDCProvider, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(oauth_world, "open_browser", browser)
    monkeypatch.setattr(keyring, "get_password", no_keyring)
    oidc_provider.fail_with()
    oidc_provider.token_requests()
    return lambda *arguments: envoi(*arguments, environ={"ENVOI_CONFIG": str(file.path)})


@pytest.fixture
def work(run: Run, oidc_provider: OIDCProvider, postfix: Postfix) -> Outcome:
    """What was said when the account was added."""
    return run(*adding(oidc_provider, postfix))


def send(run: Run, postfix: Postfix, subject: str) -> bytes:
    """Send a mail through the account, and return it as it arrived."""
    words = ("--subject", subject, "--text", "Hello", "--json")
    done = run("send", "--account", "work", "--to", BOB.address, *words)
    assert done.code == 0, done.err
    return postfix.mailbox(BOB).wait_for(done.json["message_id"])


def put(file: AccountFile, access_token: str, *, expires_in: timedelta) -> None:
    """Put an access token in the place of the kept one, an hour old."""
    hold = TokenFolder(file.path.parent / "tokens").try_hold("work")
    assert hold is not None
    record = hold.load()
    assert record is not None
    now = system.now()
    token = replace(
        record.token,
        access_token=access_token,
        obtained_at=now - timedelta(hours=1),
        expires_at=now + expires_in,
    )
    hold.save(Record(token=token))
    hold.release()


def test_an_issuer_is_enough_to_add_an_account(work: Outcome, run: Run, file: AccountFile) -> None:
    assert work.code == 0, work.err
    assert "The account work works" in work.out
    assert "Test mail" in work.out
    account = file.account("work")
    assert account.oauth is not None
    assert f"{account.oauth.issuer}, client desktop" in run("account", "show", "work").out
    assert "token_url" not in file.text()


def test_says_where_the_token_is(
    work: Outcome, run: Run, file: AccountFile, oidc_provider: OIDCProvider, postfix: Postfix
) -> None:
    kept = TokenFolder(file.path.parent / "tokens").path_of("work")
    assert kept.exists()
    assert f"Token     {kept}, not encrypted, yours to read alone" in work.out
    again = ("again" if each == "work" else each for each in adding(oidc_provider, postfix))
    assert run(*again, "--json").json["token_file"] == str(kept).replace("work", "again")


def test_where_there_is_a_keyring_the_token_is_encrypted(
    run: Run,
    file: AccountFile,
    oidc_provider: OIDCProvider,
    postfix: Postfix,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KEYRING_FILE", str(tmp_path / "ring.json"))
    ring = FileKeyring()
    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(keyring, name, getattr(ring, name))
    done = run(*adding(oidc_provider, postfix))
    assert done.code == 0, done.err
    assert "encrypted with a key in the keyring" in done.out
    kept = TokenFolder(file.path.parent / "tokens").path_of("work").read_bytes()
    assert b'"sealed"' in kept
    assert b"access_token" not in kept
    printed = run("token", "work")
    assert (printed.code, printed.out.count(".")) == (0, 2)
    assert b"(Authenticated sender: alice" in send(run, postfix, "sealed")
    monkeypatch.setattr(keyring, "get_password", no_keyring)
    refused = run("token", "work")
    assert (refused.code, "keyring of this machine cannot be used" in refused.err) == (78, True)


def test_a_passphrase_does_where_there_is_none(
    run: Run,
    file: AccountFile,
    oidc_provider: OIDCProvider,
    postfix: Postfix,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ENVOI_TOKEN_PASSPHRASE", "open sesame")
    done = run(*adding(oidc_provider, postfix))
    assert done.code == 0, done.err
    assert "encrypted with the passphrase" in done.out
    assert b'"sealed"' in TokenFolder(file.path.parent / "tokens").path_of("work").read_bytes()
    assert b"(Authenticated sender: alice" in send(run, postfix, "sealed")
    monkeypatch.delenv("ENVOI_TOKEN_PASSPHRASE")
    refused = run("token", "work")
    assert (refused.code, "is encrypted: give its passphrase" in refused.err) == (78, True)
    assert "open sesame" not in done.out + done.err + refused.err + file.text()


def test_a_provider_that_registers_programs_needs_no_client_id(
    run: Run, file: AccountFile, oidc_provider: OIDCProvider, postfix: Postfix
) -> None:
    known = adding(oidc_provider, postfix)
    at = known.index("--client-id")
    done = run(*known[:at], "--register", *known[at + 2 :])
    assert done.code == 0, done.err
    oauth = file.account("work").oauth
    assert oauth is not None
    assert oauth.client_id not in ("", "desktop")
    assert b"(Authenticated sender: alice" in send(run, postfix, "registered")
    assert "given back and forgotten" in run("logout", "work").out
    both = run(*known, "--name", "other", "--register")
    assert (both.code, "not allowed with" in both.err or both.code == 64) == (64, True)


def test_signs_in_sends_and_signs_out(
    work: Outcome, run: Run, file: AccountFile, postfix: Postfix, oidc_provider: OIDCProvider
) -> None:
    assert work.code == 0, work.err
    printed = run("token", "work")
    assert (printed.code, printed.out.count("\n"), printed.out.count(".")) == (0, 1, 2)
    assert b"(Authenticated sender: alice" in send(run, postfix, "kept")
    record = TokenFolder(file.path.parent / "tokens").load("work")
    assert record is not None

    assert "given back and forgotten" in run("logout", "work").out
    assert run("token", "work").code == 77
    refused = run("send", "--account", "work", "--to", BOB.address, "--text", "Hello")
    assert refused.code == 77
    assert "Nobody has signed in yet" in refused.err

    hold = TokenFolder(file.path.parent / "tokens").try_hold("work")
    assert hold is not None
    hold.save(record)
    hold.release()
    put(file, "stale", expires_in=timedelta(seconds=-1))
    assert "invalid_grant" in run("token", "work").err, "the provider has taken it back"

    signed_in = run("login", "work")
    assert signed_in.code == 0, signed_in.err
    assert "Signed in as alice@mail.test" in signed_in.out
    assert "✓ Renewal" in signed_in.out
    assert b"(Authenticated sender: alice" in send(run, postfix, "again")
    assert printed.out.strip() not in signed_in.out + signed_in.err


def test_a_refused_token_is_renewed_once(
    work: Outcome, run: Run, file: AccountFile, postfix: Postfix, oidc_provider: OIDCProvider
) -> None:
    assert work.code == 0, work.err
    stale = postfix.dovecot.tokens.mint(ALICE.address, lifetime_seconds=-5)
    put(file, stale, expires_in=timedelta(hours=1))
    oidc_provider.token_requests()
    assert b"(Authenticated sender: alice" in send(run, postfix, "refused")
    assert oidc_provider.token_requests() == [RENEWAL]


def test_asyncio_asks_the_issuer_as_well(
    work: Outcome, file: AccountFile, postfix: Postfix, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert work.code == 0, work.err
    monkeypatch.setenv("ENVOI_CONFIG", str(file.path))
    put(file, "stale", expires_in=timedelta(seconds=-1))
    message_id, mail = new_mail()

    async def send() -> None:
        async with AsyncSMTPSession.from_account("work") as session:
            await session.send(mail, sender=ALICE.address, recipients=[BOB.address])

    asyncio.run(send())
    assert b"(Authenticated sender: alice" in postfix.mailbox(BOB).wait_for(message_id)


def test_an_expired_token_is_renewed_before_it_is_shown(
    work: Outcome, run: Run, file: AccountFile, oidc_provider: OIDCProvider
) -> None:
    assert work.code == 0, work.err
    put(file, "stale", expires_in=timedelta(seconds=-1))
    oidc_provider.token_requests()
    printed = run("token", "work").out
    assert printed != "stale\n"
    assert run("token", "work").out == printed
    assert oidc_provider.token_requests() == [RENEWAL]


def test_the_consent_page_is_seconds_away(
    oidc_provider: OIDCProvider,
    postfix: Postfix,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    capsys: pytest.CaptureFixture[str],
) -> None:
    note, script = tmp_path / "opened", tmp_path / "browser.py"
    script.write_text(BROWSER, encoding="utf-8")
    environ = environment(
        ENVOI_CONFIG=str(tmp_path / "config.toml"),
        BROWSER=f"{sys.executable} {script} {note} %s",
        PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring",
    )
    started_at = time.time()
    with subprocess.Popen(
        [*PROGRAM, *adding(oidc_provider, postfix)],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            assert wait_until(lambda: note.exists() and note.stat().st_size > 0, seconds=TARGET_SECONDS)
        finally:
            process.terminate()
    opened_at, url = note.read_text(encoding="utf-8").split()
    assert url.startswith(oidc_provider.issuer)
    seconds = float(opened_at) - started_at
    with capsys.disabled():
        pytestconfig.get_terminal_writer().line(f"\nfrom account add to the consent page: {seconds:.2f} s")
    assert seconds < TARGET_SECONDS
