"""What a session is opened with: what is refused, and why, before anything is connected."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import ConfigError, EnvoiError, InvalidHeader, UsageError
from envoi.session.settings import Protocol, Security, ServerURL, Settings, choose_port
from envoi.session.timeouts import Timeouts
from tests.session.stage import DEFAULTS, settings


@pytest.mark.parametrize(
    ("security", "protocol", "port"),
    [("starttls", "smtp", 587), ("tls", "smtp", 465), ("plaintext", "smtp", 25), ("plaintext", "lmtp", 24)],
)
def test_the_port_follows_from_the_security(security: str, protocol: str, port: int) -> None:
    assert settings(security=security, protocol=protocol).endpoint.port == port


@pytest.mark.parametrize("port", [0, -1, 65536, 2**40, "25", 25.0, True])
def test_refuses_what_is_no_port(port: Any) -> None:
    """Behaviour 3."""
    with pytest.raises(ConfigError, match="is not a port"):
        settings(port=port)


@pytest.mark.parametrize(
    ("port", "security"), [(465, "starttls"), (465, "plaintext"), (587, "tls"), (25, "tls")]
)
def test_refuses_a_port_that_contradicts_the_security(port: int, security: str) -> None:
    with pytest.raises(ConfigError, match=f"port {port}"):
        settings(port=port, security=security)


@pytest.mark.parametrize("port", [24, 2525, 2465])
@pytest.mark.parametrize("security", ["starttls", "tls", "plaintext"])
def test_other_ports_go_with_everything(port: int, security: str) -> None:
    assert settings(port=port, security=security).endpoint.port == port


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"security": "ssl"}, "'starttls', 'tls', 'plaintext'"),
        ({"protocol": "http"}, "'smtp', 'lmtp'"),
        ({"username": "a", "password": "b", "auth": "c"}, "not both"),
        ({"password": "b"}, "the username it belongs to"),
        ({"username": "a"}, "needs a password, or an OAuth 2.0 token"),
        ({"deadline": 0}, "more than 0 seconds"),
        ({"deadline": -1}, "more than 0 seconds"),
        ({"auth": 5}, "not int"),
    ],
)
def test_refuses_what_contradicts_itself(options: dict[str, Any], words: str) -> None:
    """Behaviour 63 among others."""
    with pytest.raises(ConfigError, match=words):
        settings(**options)


@pytest.mark.parametrize("options", [{"timeout": 0}, {"timeout": -1}])
def test_refuses_no_time_at_all(options: dict[str, Any]) -> None:
    """Behaviour 5."""
    with pytest.raises(UsageError, match="more than 0 seconds"):
        settings(**options)


@pytest.mark.parametrize("host", ["", "mail example", "mail\r\nRSET", "mail\0", "mail\t"])
def test_refuses_what_is_no_host(host: str) -> None:
    """Behaviour 85."""
    with pytest.raises(ConfigError, match="is not a host name"):
        Settings.of(host, **DEFAULTS)


@pytest.mark.parametrize(
    "options",
    [
        {"username": "a\r\nb", "password": "c"},
        {"username": "a", "password": "b\0"},
        {"username": "a\n", "auth": "token"},
        {"username": "a\n", "auth": lambda: "token"},
    ],
)
def test_refuses_credentials_that_nothing_could_send(options: dict[str, Any]) -> None:
    """Behaviour 85: now, not after connecting."""
    with pytest.raises(InvalidHeader, match="line break"):
        settings(**options)


def test_a_certificate_may_say_who_we_are() -> None:
    """Behaviour 49: with and without a name to act for."""
    assert settings(mechanisms=["external"]).wants_login
    assert settings(mechanisms=["EXTERNAL"], username="alice").wants_login
    assert not settings(mechanisms=["PLAIN"]).wants_login
    assert not settings().wants_login


def test_shows_no_secret() -> None:
    """Behaviour 138."""
    made = settings(username="alice", password="open sesame", proxy="socks5://u:open@proxy.example")
    assert "open" not in repr(made)
    assert "open" not in repr(ServerURL.parse("smtps://alice:open@mail.example.org"))
    assert "open" not in repr(settings(auth="opensesame"))


def test_timeouts_are_taken_as_they_come() -> None:
    assert settings(timeout=5).timeouts == Timeouts.of(5)
    assert settings(timeout=None).timeouts.final is None


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
    assert ServerURL.parse("smtps://h.example").arguments({"username": "bob"})["username"] == "bob"
    assert ServerURL.parse("smtps://alice@h.example").arguments({"username": "bob"})["username"] == "bob"


def test_chooses_a_port_for_others() -> None:
    assert choose_port(None, Security.TLS) == 465
    assert choose_port(2525, Security.TLS) == 2525
    assert choose_port(None, Security.TLS, Protocol.LMTP) == 24
