from __future__ import annotations

import re
from itertools import chain
from urllib.parse import urlsplit

import pytest

from envoi.discovery.provider import PasswordReality, UsernameForm
from envoi.discovery.table import by_domain, by_mail_exchanger, providers, read_providers
from envoi.message.address import Address
from envoi.session.settings import Settings

HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
ROW = '[provider."example.org"]\nserver = "smtp.example.org"\n'


def test_knows_the_large_providers() -> None:
    assert len(providers()) >= 45
    for domain in ("gmail.com", "hotmail.com", "yahoo.fr", "icloud.com", "web.de", "orange.fr", "wp.pl"):
        assert by_domain(domain) is not None, domain
    assert by_domain("Gmail.COM") is by_domain("googlemail.com")
    assert by_domain("example.org") is None


@pytest.mark.parametrize("row", providers(), ids=lambda row: row.name)
def test_every_row_can_be_used(row) -> None:
    assert (row.port, row.security) in {(465, "tls"), (587, "starttls")}
    for name in (row.server, *row.domains, *row.mx):
        assert HOST.fullmatch(name), name
    assert set(row.mechanisms) <= {"XOAUTH2", "OAUTHBEARER"}
    assert bool(row.mechanisms) == (row.authorization is not None)
    assert row.password_hint
    assert bool(row.source) == row.verified, "a verified row says against what; one from memory does not"
    settings = Settings.of(
        row.server,
        row.port,
        security=row.security,
        source_address=None,
        proxy=None,
        auth=None,
        tls=None,
        timeout=None,
        protocol="smtp",
        mechanisms=None,
    )
    assert settings.endpoint.port == row.port


def test_no_client_is_shipped() -> None:
    for row in providers():
        if row.authorization is not None:
            assert not any("client" in name for name in row.authorization.additional_parameters)


def test_says_what_to_do_at_every_provider_of_tokens() -> None:
    named = {row.name for row in providers() if row.authorization is not None}
    assert named >= {
        *("gmail.com", "outlook.com", "office365.com", "yahoo.com", "aol.com"),
        *("fastmail.com", "yandex.ru", "mail.ru", "comcast.net"),
    }
    for row in providers():
        if row.authorization is not None:
            assert row.authorization.scope
            assert row.authorization.console, row.name
            assert all(link.startswith("https://") for link in row.authorization.links)
            assert row.authorization.links, row.name


def test_secrets_go_to_https_alone() -> None:
    servers = [row.authorization for row in providers() if row.authorization is not None]
    assert servers
    for server in servers:
        urls = (
            server.authorization_url,
            server.token_url,
            server.device_authorization_url,
            server.revocation_url,
            server.issuer,
        )
        for url in filter(None, chain(urls, server.links)):
            assert urlsplit(url).scheme == "https", url
        assert server.scope


@pytest.mark.parametrize(
    ("exchanger", "name"),
    [
        ("aspmx.l.google.com", "gmail.com"),
        ("ALT1.ASPMX.L.GOOGLE.COM.", "gmail.com"),
        ("example-org.mail.protection.outlook.com", "office365.com"),
        ("outlook-com.olc.protection.outlook.com", "outlook.com"),
        ("in1-smtp.messagingengine.com", "fastmail.com"),
    ],
)
def test_recognises_mail_exchangers_by_their_end(exchanger: str, name: str) -> None:
    found = by_mail_exchanger(exchanger)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("exchanger", ["notgoogle.com", "google.com.example.org", "", "."])
def test_is_not_fooled_by_names_that_look_alike(exchanger: str) -> None:
    assert by_mail_exchanger(exchanger) is None


def test_user_names_have_a_form() -> None:
    zoe = Address.parse("zoe@example.org")
    assert UsernameForm.ADDRESS.of(zoe) == "zoe@example.org"
    assert UsernameForm.LOCAL_PART.of(zoe) == "zoe"


def test_what_is_left_out_follows_from_the_rest() -> None:
    (row,) = read_providers(ROW)
    assert (row.domains, row.port, row.security) == (("example.org",), 465, "tls")
    assert (row.username, row.password) == (UsernameForm.ADDRESS, PasswordReality.ACCOUNT)


@pytest.mark.parametrize(
    "text",
    [
        f'{ROW}sever = "x"\n',
        f'{ROW}security = "ssl"\n',
        f'{ROW}username = "nick"\n',
        f'{ROW}password = "secret"\n',
        f'{ROW}authorization = "nobody"\n',
        f'{ROW}[provider."example.net"]\nserver = "a.example.net"\ndomains = ["example.org"]\n',
        f'{ROW}[authorization.x]\nclient_id = "x"\n',
    ],
)
def test_a_mistake_in_the_table_is_found(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        read_providers(text)
