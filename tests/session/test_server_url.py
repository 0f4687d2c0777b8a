"""A server as an URL."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import ConfigError, EnvoiError
from envoi.session.server_url import ServerURL


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("smtp://mail.example.org", ("mail.example.org", None, "starttls", "smtp", None, None)),
        ("SMTPS://Mail.Example.org:4465/", ("mail.example.org", 4465, "tls", "smtp", None, None)),
        ("smtp+plaintext://127.0.0.1:25", ("127.0.0.1", 25, "plaintext", "smtp", None, None)),
        ("lmtp://mail.example.org", ("mail.example.org", None, "starttls", "lmtp", None, None)),
        ("lmtps://mail.example.org", ("mail.example.org", None, "tls", "lmtp", None, None)),
        ("lmtp+plaintext:///run/dovecot/lmtp", ("/run/dovecot/lmtp", None, "plaintext", "lmtp", None, None)),
        ("lmtp+plaintext:///run/a%20b", ("/run/a b", None, "plaintext", "lmtp", None, None)),
        ("smtp://[2001:db8::1]:587", ("2001:db8::1", 587, "starttls", "smtp", None, None)),
        ("smtps://u:p@h.example", ("h.example", None, "tls", "smtp", "u", "p")),
        (
            "smtps://alice%40example.org:p%40ss%2Fw%3Ard%25@h.example",
            ("h.example", None, "tls", "smtp", "alice@example.org", "p@ss/w:rd%"),
        ),
        ("smtps://zo%C3%AB:%E2%82%AC@h.example", ("h.example", None, "tls", "smtp", "zoë", "€")),
        ("smtps://u:@h.example", ("h.example", None, "tls", "smtp", "u", "")),
    ],
)
def test_reads_a_url(url: str, parts: tuple[Any, ...]) -> None:
    read = ServerURL.parse(url)
    assert (
        read.host,
        read.port,
        read.security.value,
        read.protocol.value,
        read.username,
        read.password,
    ) == parts


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.org",
        "mail.example.org:587",
        "http://mail.example.org",
        "smtp://",
        "smtp://:587",
        "smtp://user:secret@",
        "smtp://host:secret",
        "smtp://host:99999",
        "smtp://host/path",
        "smtp://host?timeout=5",
        "smtp://host#part",
        "smtp://user:secret@ho st",
        "smtp://user:sec\r\nret@host",
        "smtp://[::1",
        "smtp://u:p@h\tost",
    ],
)
def test_refuses_what_is_no_url_of_ours(url: str) -> None:
    with pytest.raises(ConfigError, match="not the URL of a server") as caught:
        ServerURL.parse(url)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.text())
def test_any_text_is_a_url_or_refused(text: str) -> None:
    for url in (text, f"smtp://{text}", f"smtps://{text}@host.example"):
        try:
            ServerURL.parse(url)
        except EnvoiError:
            continue


@pytest.mark.parametrize(
    "options",
    [
        {"security": "plaintext"},
        {"host": "other.example"},
        {"port": 25},
        {"protocol": "lmtp"},
    ],
)
def test_refuses_options_that_contradict_the_url(options: Any) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(options))}="):
        ServerURL.parse("smtps://alice:open@h.example").arguments(options)


def test_options_complete_a_url() -> None:
    """Who logs in is not the URL's to say alone."""
    arguments = ServerURL.parse("smtps://alice@h.example").arguments({"password": "open", "timeout": 5})
    assert arguments == {
        "host": "h.example",
        "port": None,
        "security": "tls",
        "protocol": "smtp",
        "username": "alice",
        "password": "open",
        "timeout": 5,
    }
    assert ServerURL.parse("smtps://h.example").arguments({"username": "bob"}).get("username") == "bob"
    assert ServerURL.parse("smtps://alice@h.example").arguments({"username": "bob"}).get("username") == "bob"


def test_shows_no_password() -> None:
    """Behaviour 138."""
    assert "open" not in repr(ServerURL.parse("smtps://alice:open@mail.example.org"))
