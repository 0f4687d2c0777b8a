"""What a session is opened with: what is refused, and why, before anything is connected."""

from __future__ import annotations

from typing import Any

import pytest

from envoi.errors import ConfigError, InvalidHeader, UsageError
from envoi.session.settings import Protocol, Security, Settings, choose_port
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


def test_a_pair_is_a_user_and_a_password() -> None:
    made = settings(auth=("me", "secret99"))
    assert (made.username, made.password, made.token_source) == ("me", "secret99", None)
    assert "secret99" not in repr(made)


@pytest.mark.parametrize(
    "options",
    [
        {"auth": ("me", "secret99"), "username": "me"},
        {"auth": ("me", "secret99"), "password": "secret99"},
        {"auth": ("secret99",)},
        {"auth": ("me", "secret99", "more")},
        {"auth": ("me", None)},
    ],
)
def test_a_pair_says_it_all_and_is_two_texts(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"\(user, password\)") as refused:
        settings(**options)
    assert "secret99" not in str(refused.value)


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
    assert "open" not in repr(settings(auth="opensesame"))


def test_timeouts_are_taken_as_they_come() -> None:
    assert settings(timeout=5).timeouts == Timeouts.of(5)
    assert settings(timeout=None).timeouts.final is None


def test_chooses_a_port_for_others() -> None:
    assert choose_port(None, Security.TLS) == 465
    assert choose_port(2525, Security.TLS) == 2525
    assert choose_port(None, Security.TLS, Protocol.LMTP) == 24
