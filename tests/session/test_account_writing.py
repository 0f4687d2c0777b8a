from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envoi.errors import ConfigError
from envoi.session.account import Account, DKIMPlace, OAuthClient, PasswordPlace, QueueWishes
from envoi.session.account_reading import read_accounts
from envoi.session.account_writing import with_account, without_account
from tests.session.test_account_reading import WHOLE

PLACE = "config.toml"
NEW = Account(
    name="new one",
    server="smtp.example.org",
    port=587,
    username="me",
    sender='"Q" <me@example.org>',
    password=PasswordPlace(command=("pass", 'a"b')),
    dkim=DKIMPlace(key="k.pem", domain="example.org", selector="s"),
    limits={"messages_per_day": 5},
    outbox=QueueWishes(on_unknown="hold", failover="spare", dsn=True),
)


def test_adds_without_touching_the_rest() -> None:
    text = with_account(WHOLE, NEW, PLACE)
    assert text.startswith(WHOLE)
    assert read_accounts(text, PLACE)["new one"] == NEW
    assert without_account(text, "new one", PLACE) == f"{WHOLE}\n"


@pytest.mark.parametrize(
    "client",
    [
        OAuthClient(provider="gmail.com", client_id="mine"),
        OAuthClient(issuer="https://login.example.com", client_id="mine", scope="openid smtp"),
        OAuthClient(provider="gmail.com", client_id="mine", keyring=True),
    ],
    ids=str,
)
def test_begins_a_file(client: OAuthClient) -> None:
    oauth = Account(name="me", server="smtp.gmail.com", username="me@gmail.com", oauth=client)
    text = with_account("", oauth, PLACE)
    assert text.startswith("[accounts.me]\n")
    assert "client_secret" not in text
    assert read_accounts(text, PLACE) == {"me": oauth}


@pytest.mark.parametrize(("name", "left"), [("work", "me@gmail.com"), ("me@gmail.com", "work")])
def test_removes_an_account_with_its_tables(name: str, left: str) -> None:
    text = without_account(WHOLE, name, PLACE)
    assert list(read_accounts(text, PLACE)) == [left]
    assert text.startswith("# mine\n")


def test_names_are_unique_and_known() -> None:
    with pytest.raises(ConfigError, match="already"):
        with_account(with_account("", NEW, PLACE), NEW, PLACE)
    with pytest.raises(ConfigError, match="has no account"):
        without_account("", "nobody", PLACE)


@pytest.mark.parametrize(
    "text",
    [
        "accounts = { a = { server = 'h' } }\n",
        "[accounts]\na.server = 'h'\n",
        "[accounts.a]\nserver = 'h'\nca_file = '''\n[accounts.b]\n'''\n[accounts.c]\nserver = 'h'\n",
    ],
)
def test_leaves_alone_what_it_cannot_change_safely(text: str) -> None:
    assert "a" in read_accounts(text, PLACE)
    with pytest.raises(ConfigError, match="by hand"):
        without_account(text, "a", PLACE)


def test_cannot_add_to_an_inline_table() -> None:
    with pytest.raises(ConfigError, match="by hand"):
        with_account("accounts = { a = { server = 'h' } }\n", NEW, PLACE)


@example(name="\x85", host="h", file="f")
@given(name=st.text(min_size=1), host=st.text(min_size=1), file=st.text(min_size=1))
def test_whatever_is_written_is_read_again(name: str, host: str, file: str) -> None:
    account = Account(name=name, server=host, username="me", password=PasswordPlace(file=file))
    try:
        text = with_account(WHOLE, account, PLACE)
    except UnicodeEncodeError:
        return
    assert read_accounts(text, PLACE)[name] == account
    assert read_accounts(without_account(text, name, PLACE), PLACE) == read_accounts(WHOLE, PLACE)
