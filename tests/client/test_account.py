from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from envoi import AsyncSMTPSession, ConfigError, SMTPSession
from envoi.client.account import token_parameters
from envoi.drivers.account_file import AccountFile
from envoi.oauth import Grant, Token, TokenFolder
from envoi.oauth.record import Record
from envoi.ports import TLSOptions
from envoi.session.account import Account, OAuthClient
from envoi.testing import SMTPServer
from tests.message.signing.material import pem, rsa_key
from tests.message.signing.test_dkim import holds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PASSWORD = "open-sesame-1001"
TOKEN = "ya29-a-token"
MAIL = b"Subject: Hello\r\n\r\nHello\r\n"
RECIPIENTS = ["you@example.org"]


@pytest.fixture
def server() -> Iterator[SMTPServer]:
    with SMTPServer(accounts={"me": PASSWORD}, tokens={TOKEN: "me"}) as running:
        yield running


@pytest.fixture
def write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: SMTPServer) -> Callable[[str], None]:
    monkeypatch.setenv("ENVOI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)

    def run(more: str) -> None:
        place = f'server = "127.0.0.1"\nport = {server.port}\nca_file = "{server.ca_file}"\n'
        AccountFile().replace(f"[accounts.me]\n{place}{more}\n")

    return run


@pytest.fixture(params=["blocking", "asyncio"])
def send(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Send a mail through an account."""

    def blocking(name: str, **options) -> None:
        with SMTPSession.from_account(name, **options) as session:
            session.send(MAIL, sender="me@example.org", recipients=RECIPIENTS)

    async def asynchronous(name: str, **options) -> None:
        async with AsyncSMTPSession.from_account(name, **options) as session:
            await session.send(MAIL, sender="me@example.org", recipients=RECIPIENTS)

    if request.param == "blocking":
        return blocking
    return lambda name, **options: asyncio.run(asynchronous(name, **options))


def test_sends_through_an_account(send, write, server: SMTPServer) -> None:
    write('username = "me"\npassword.env = "MAIL_PASSWORD"')
    send("me")
    assert [mail.username for mail in server.messages] == ["me"]


def test_sends_without_a_login(send, write) -> None:
    write("")
    with SMTPServer() as relay:
        AccountFile().replace(
            f'[accounts.relay]\nserver = "127.0.0.1"\nport = {relay.port}\nca_file = "{relay.ca_file}"\n'
        )
        send("relay")
    assert [mail.username for mail in relay.messages] == [None]


def test_options_go_before_the_file(send, write, server: SMTPServer) -> None:
    write("")
    send("me", username="me", password=PASSWORD, tls=TLSOptions(ca_file=server.ca_file))
    assert [mail.username for mail in server.messages] == ["me"]


def test_a_pair_goes_before_the_login_of_the_account(send, write, server: SMTPServer) -> None:
    write('username = "you"\npassword.env = "MAIL_PASSWORD"')
    send("me", auth=("me", PASSWORD))
    assert [mail.username for mail in server.messages] == ["me"]


def test_signs_with_the_key_of_the_account(send, write, server: SMTPServer, tmp_path: Path) -> None:
    key = tmp_path / "dkim.pem"
    key.write_bytes(pem(rsa_key()))
    key.chmod(0o600)
    write(f'dkim = {{ key = "{key}", domain = "example.org", selector = "r2048" }}')
    send("me", username="me", password=PASSWORD)
    send("me", username="me", password=PASSWORD, signer=None)
    signed, unsigned = server.messages
    assert holds(signed.data)
    assert unsigned.data == MAIL
    key.chmod(0o604)
    with pytest.raises(ConfigError, match="chmod 600"):
        send("me", username="me", password=PASSWORD)
    assert len(server.messages) == 2


def test_sends_with_a_kept_token(send, write, server: SMTPServer, tmp_path: Path) -> None:
    from datetime import UTC, datetime, timedelta

    write('username = "me"\noauth = { provider = "gmail.com", client_id = "mine" }')
    now = datetime.now(UTC)
    token = Token(access_token=TOKEN, obtained_at=now, expires_at=now + timedelta(hours=1))
    hold = TokenFolder(tmp_path / "tokens").try_hold("me")
    assert hold is not None
    hold.save(Record(token=token))
    hold.release()
    send("me")
    assert [mail.username for mail in server.messages] == ["me"]


def test_says_which_accounts_there_are(send, write) -> None:
    write("")
    with pytest.raises(ConfigError, match="no account 'you'; it has me"):
        send("you")


def account(provider: str = "gmail.com") -> Account:
    client = OAuthClient(provider=provider, client_id="mine", client_secret="not-so-secret")
    return Account(name="me", server="h", username="me", oauth=client)


def test_the_table_says_where_tokens_come_from() -> None:
    parameters = token_parameters(account())
    assert parameters.token_url == "https://oauth2.googleapis.com/token"
    assert parameters.additional_parameters["access_type"] == "offline"
    assert parameters.client_secret == "not-so-secret"
    assert token_parameters(account("outlook.com"), Grant.DEVICE_CODE).grant is Grant.DEVICE_CODE


def test_any_issuer_says_where_tokens_come_from() -> None:
    client = OAuthClient(issuer="https://login.example.com", client_id="mine", scope="openid smtp")
    one = Account(name="me", server="h", username="me@example.com", oauth=client)
    parameters = token_parameters(one)
    assert (parameters.issuer, parameters.token_url) == ("https://login.example.com", "")
    assert parameters.scope == "openid smtp"
    assert parameters.additional_parameters["login_hint"] == "me@example.com"
    with pytest.raises(ConfigError, match="either"):
        OAuthClient(provider="gmail.com", issuer="https://login.example.com", client_id="mine")


@pytest.mark.parametrize("provider", ["web.de", "example.org"])
def test_not_every_provider_gives_tokens(provider: str) -> None:
    with pytest.raises(ConfigError, match="is not known"):
        token_parameters(account(provider))
    with pytest.raises(ConfigError, match="no OAuth"):
        token_parameters(Account(name="me", server="h"))


@pytest.mark.parametrize(
    ("provider", "hinted"),
    [("gmail.com", True), ("outlook.com", True), ("office365.com", True), ("aol.com", False)],
)
def test_the_provider_is_told_who_signs_in_where_it_listens(provider: str, hinted: bool) -> None:
    hint = token_parameters(account(provider)).additional_parameters.get("login_hint")
    assert hint == ("me" if hinted else None)
