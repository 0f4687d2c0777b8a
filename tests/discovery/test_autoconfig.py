from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.discovery.answer import Considered, Discovered, Source
from envoi.discovery.autoconfig import read_autoconfig
from envoi.errors import ConfigError
from envoi.message.address import Address

ME = Address.parse("me@example.org")


def document(*servers: str, more: str = "") -> bytes:
    return f"<clientConfig><emailProvider>{''.join(servers)}</emailProvider>{more}</clientConfig>".encode()


def server(host: str = "smtp.example.org", port: object = 465, kind: str = "SSL", more: str = "") -> str:
    return (
        f'<outgoingServer type="smtp"><hostname>{host}</hostname><port>{port}</port>'
        f"<socketType>{kind}</socketType>{more}</outgoingServer>"
    )


def read(*servers: str, more: str = "") -> list[Discovered | Considered]:
    return list(read_autoconfig(document(*servers, more=more), ME, Source.AUTOCONFIG, "there"))


def found(*servers: str, more: str = "") -> Discovered:
    (one,) = read(*servers, more=more)
    assert isinstance(one, Discovered)
    return one


def rejected(*servers: str) -> str:
    (one,) = read(*servers)
    assert isinstance(one, Considered)
    return one.outcome


def methods(*names: str) -> str:
    return "".join(f"<authentication>{name}</authentication>" for name in names)


def test_takes_servers_in_the_order_of_the_document() -> None:
    first, second = read(server("a.example.org"), server("b.example.org", 587, "STARTTLS"))
    assert isinstance(first, Discovered)
    assert isinstance(second, Discovered)
    assert [first.server, second.security] == ["a.example.org", "starttls"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("%EMAILADDRESS%", "me@example.org"),
        ("%EMAILLOCALPART%", "me"),
        ("x-%EMAILLOCALPART%.%EMAILDOMAIN%", "x-me.example.org"),
        ("", "me@example.org"),
    ],
)
def test_fills_in_the_user_name(text: str, name: str) -> None:
    assert found(server(more=f"<username>{text}</username>")).username == name


def test_fills_in_the_host() -> None:
    assert found(server("smtp.%EMAILDOMAIN%")).server == "smtp.example.org"


def test_leaves_other_kinds_of_server_alone() -> None:
    assert read('<outgoingServer type="exchange"/>', '<incomingServer type="imap"/>') == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (server(kind="plain"), "in clear"),
        (server(kind=""), "in clear"),
        (server(port=587), "contradicts"),
        (server(port=465, kind="STARTTLS"), "contradicts"),
        (server(port="x"), "0 is no port"),
        (server(port="٤٦٥"), "0 is no port"),
        (server(port=99999), "no port"),
        (server("smtp example"), "no host name"),
        (server("192.0.2.1"), "no host name"),
        (server("smtp.example.org/x"), "no host name"),
        (server(""), "no host name"),
        (server(more=methods("NTLM", "GSSAPI")), "GSSAPI, NTLM"),
    ],
)
def test_rejects_with_the_reason(text: str, word: str) -> None:
    assert word in rejected(text)


def test_knows_what_kind_of_login_is_wanted() -> None:
    oauth = found(server(more=methods("OAuth2")))
    assert (oauth.takes_password, bool(oauth.mechanisms)) == (False, True)
    both = found(server(more=methods("OAuth2", "password-cleartext")))
    assert (both.takes_password, bool(both.mechanisms)) == (True, True)
    nobody = found(server(more=methods("client-IP-address")))
    assert (nobody.username, nobody.takes_password) == ("", False)
    assert "no login" in nobody.password_hint


OAUTH = (
    "<oAuth2><issuer>accounts.example.org</issuer><scope>mail</scope>"
    "<authURL>https://a.example.org/auth</authURL><tokenURL>{}</tokenURL></oAuth2>"
)


def test_hands_on_where_tokens_come_from() -> None:
    text = server(more=methods("OAuth2"))
    server_of_tokens = found(text, more=OAUTH.format("https://a.example.org/token")).authorization
    assert server_of_tokens is not None
    assert server_of_tokens.issuer == "https://accounts.example.org"
    assert server_of_tokens.scope == "mail"
    assert found(text, OAUTH.format("https://a.example.org/token")).authorization is not None
    assert found(text, more=OAUTH.format("http://a.example.org/token")).authorization is None
    assert found(text).authorization is None


@given(st.binary() | st.text().map(lambda text: document(server(text))))
def test_nothing_else_than_our_errors_comes_of_anything(octets: bytes) -> None:
    with suppress(ConfigError):
        list(read_autoconfig(octets, ME, Source.AUTOCONFIG, "there"))
