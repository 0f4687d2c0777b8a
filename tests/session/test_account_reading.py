from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import ConfigError
from envoi.session.account import Account, DKIMPlace, OAuthClient, PasswordPlace
from envoi.session.account_reading import read_accounts

WHOLE = """\
# mine
[accounts.work]
from = "Me <me@example.org>"
server = "smtp.example.org"
port = 465
security = "tls"
username = "me@example.org"
password = { command = ["pass", "show", "mail"] }
ca_file = "ca.pem"
dkim = { key = "dkim.pem", domain = "example.org", selector = "s1" }

[accounts.work.limits]
messages_per_day = 500

[accounts."me@gmail.com"]
server = "smtp.gmail.com"
username = "me@gmail.com"

[accounts."me@gmail.com".oauth]
provider = "gmail.com"
client_id = "mine"
"""


def read(text: str) -> dict[str, Account]:
    return read_accounts(text, "config.toml")


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return str(caught.value)


def test_reads_everything() -> None:
    found = read(WHOLE)
    assert found["work"] == Account(
        name="work",
        sender="Me <me@example.org>",
        server="smtp.example.org",
        port=465,
        security="tls",
        username="me@example.org",
        password=PasswordPlace(command=("pass", "show", "mail")),
        ca_file="ca.pem",
        dkim=DKIMPlace(key="dkim.pem", domain="example.org", selector="s1"),
        limits={"messages_per_day": 500},
    )
    assert found["me@gmail.com"].oauth == OAuthClient(provider="gmail.com", client_id="mine")


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[accounts]\n"])
def test_reads_nothing(text: str) -> None:
    assert read(text) == {}


START = '[accounts.a]\nserver = "h"\n'


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("[accounts.a]\nsever = 'h'\n", 2, "sever is not known; server perhaps?"),
        (f"{START}\n  zzz = 1\n", 4, "known are server, port"),
        ("[acounts.a]\n", 0, "accounts perhaps?"),
        ("[accounts.a]\nport = 25\n", 1, "server is missing"),
        (f"{START}port = '25'\n", 3, "port is a number"),
        (f"{START}port = 99999\n", 1, "not a port"),
        (f"{START}port = true\n", 3, "port is a number"),
        (f"{START}security = 'ssl'\n", 1, "'ssl' is not known"),
        (f"{START}security = 7\n", 3, "security is text"),
        (f"{START}from = 'nobody'\n", 1, "nobody"),
        (f"{START}username = 'me'\n", 1, "belong together"),
        (f"{START}password = 'geheim99'\n", 3, "keyring"),
        (f"{START}password = 7\n", 3, "password is a table"),
        (f"{START}username = 'me'\npassword = {{ keyring = 1 }}\n", 4, "true or false"),
        (f"{START}username = 'me'\npassword = {{ }}\n", 4, "is one of"),
        (f"{START}username = 'me'\npassword = {{ env = 'A', file = 'b' }}\n", 4, "is one of"),
        (f"{START}username = 'me'\npassword = {{ comand = 'x' }}\n", 4, "command perhaps?"),
        (f"{START}username = 'me'\npassword = {{ command = 'pass' }}\n", 4, "is a list"),
        (f"{START}[accounts.a.password]\ncommand = [7]\n", 4, "is a list"),
        (f"{START}[accounts.a.oauth]\nclient_id = 'x'\n", 3, "either a provider of the table or an issuer"),
        (f"{START}dkim = {{ key = 'k' }}\n", 3, "domain is missing"),
        (f"{START}[accounts.a.limits]\nmessages_per_day = 0\n", 4, "1 or more"),
        (f"{START}[accounts.a.limits]\nmails_per_day = 5\n", 4, "messages_per_day perhaps?"),
        (f"{START}[accounts.a.outbox]\non_unknown = 'guess'\n", 3, "resend or hold"),
        (f"{START}[accounts.a.outbox]\non_unknow = 'hold'\n", 4, "on_unknown perhaps?"),
        ("accounts = 5\n", 1, "accounts is a table"),
    ],
)
def test_says_what_is_wrong_and_where(text: str, line: int, word: str) -> None:
    message = refused(text)
    assert word in message
    assert message.startswith(f"config.toml, line {line}: " if line else "config.toml: ")
    assert "geheim99" not in message


def test_a_password_and_oauth_exclude_each_other() -> None:
    text = f"{START}username = 'me'\npassword.env = 'A'\noauth = {{ provider = 'p', client_id = 'i' }}\n"
    assert "either a password or OAuth" in refused(text)


def test_refuses_what_is_no_toml() -> None:
    assert "is not TOML" in refused("[accounts.a")


def test_shows_no_secret() -> None:
    client = OAuthClient(provider="gmail.com", client_id="mine", client_secret="geheim99")
    assert "geheim99" not in repr(client)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (PasswordPlace(keyring=True), "the keyring"),
        (PasswordPlace(env="A"), "the variable A"),
        (PasswordPlace(file="~/p"), "the file ~/p"),
        (PasswordPlace(command=("pass", "x")), "what pass prints"),
    ],
)
def test_says_where_the_password_is(place: PasswordPlace, text: str) -> None:
    assert str(place) == text


@given(st.text() | st.text().map(lambda text: START + text))
def test_nothing_else_than_our_errors_comes_of_anything(text: str) -> None:
    with suppress(ConfigError):
        read(text)
