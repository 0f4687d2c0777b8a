from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING

import pytest

from envoi.cli.chosen_account import add_account_option
from envoi.cli.passwords import add_secret_options
from envoi.cli.server import add_server_options, read_server, session_arguments
from envoi.cli.terminal import Terminal
from envoi.errors import ConfigError
from envoi.session.timeouts import Timeouts

if TYPE_CHECKING:
    from envoi.session.settings import SessionArguments


@pytest.mark.parametrize(
    ("text", "security", "expected"),
    [
        ("mail.example.org", None, ("mail.example.org", None, "starttls")),
        ("mail.example.org:465", None, ("mail.example.org", 465, "tls")),
        ("mail.example.org:2525", None, ("mail.example.org", 2525, "starttls")),
        ("mail.example.org:25", "plaintext", ("mail.example.org", 25, "plaintext")),
        ("smtps://mail.example.org", None, ("mail.example.org", None, "tls")),
        ("smtps://mail.example.org", "tls", ("mail.example.org", None, "tls")),
        ("[::1]:465", None, ("::1", 465, "tls")),
        ("::1", None, ("::1", None, "starttls")),
        ("/run/lmtp", None, ("/run/lmtp", None, "plaintext")),
    ],
)
def test_reads_hosts_and_urls(text: str, security: str | None, expected: tuple[object, ...]) -> None:
    server = read_server(text, security, public=True)
    assert (server.host, server.port, server.security.value) == expected


def test_takes_a_whole_address_as_user() -> None:
    assert read_server("me@example.org@mail.example.org", None, public=True).username == "me@example.org"


@pytest.mark.parametrize("text", ["smtp://me:secret99@h", "me:secret99@h", "smtp://me:@h"])
def test_takes_no_password_from_the_command_line(text: str) -> None:
    with pytest.raises(ConfigError, match="every user") as refused:
        read_server(text, None, public=True)
    assert "secret99" not in str(refused.value)
    assert read_server(text, None, public=False).username == "me"


@pytest.mark.parametrize(
    ("text", "security"), [("http://h", None), ("smtp://", None), ("a b", None), ("smtp://h", "tls")]
)
def test_refuses_what_is_no_server(text: str, security: str | None) -> None:
    with pytest.raises(ConfigError):
        read_server(text, security, public=True)


def arguments(*given: str, server: str = "smtp://h", login: bool = True, **environ: str) -> SessionArguments:
    parser = ArgumentParser()
    parser.add_argument("--verbose", action="store_true")
    add_account_option(parser)
    add_server_options(parser)
    add_secret_options(parser)
    terminal = Terminal(None, None, None, environ)
    return session_arguments(
        parser.parse_args(given), read_server(server, None, public=False), terminal, login=login
    )


def test_passes_every_option_on() -> None:
    given = arguments(
        *(
            "--ca-file",
            "ca.pem",
            "--client-certificate",
            "c.pem",
            "--client-key",
            "k.pem",
            "--fingerprint",
            "AB",
        ),
        *("--timeout", "3", "--deadline", "9", "--local-hostname", "me.example", "--source-address", "::1"),
        *("--proxy", "http://p:1", "--mechanism", "EXTERNAL", "--insecure-plaintext-auth", "--verbose"),
        ENVOI_CLIENT_KEY_PASSWORD="pw",
    )
    tls = given.get("tls")
    assert tls is not None
    assert (tls.ca_file, tls.client_certificate, tls.client_key) == ("ca.pem", "c.pem", "k.pem")
    assert (tls.client_key_password, tls.fingerprints) == ("pw", ("AB",))
    assert (given.get("timeout"), given.get("deadline")) == (3.0, 9.0)
    assert (given.get("local_hostname"), given.get("source_address")) == ("me.example", "::1")
    assert (given.get("proxy"), given.get("mechanisms")) == ("http://p:1", ["EXTERNAL"])
    assert given.get("allow_plaintext_auth")
    assert given.get("transcript") is not None


def test_asks_for_nothing_special_by_default() -> None:
    given = arguments()
    assert given.get("timeout") == Timeouts()
    for name in ("username", "password", "auth", "proxy", "mechanisms", "deadline", "transcript"):
        assert given.get(name) is None


def test_takes_a_password_in_a_url_that_only_we_can_read() -> None:
    assert arguments(server="smtp://me:p%40ss@h").get("password") == "p@ss"


def test_prefers_the_option_to_the_url() -> None:
    given = arguments("--username", "you", server="smtp://me:old@h", ENVOI_PASSWORD="new")
    assert (given.get("username"), given.get("password")) == ("you", "new")


def test_looks_for_no_secret_without_a_login() -> None:
    given = arguments("--mechanism", "EXTERNAL", server="smtp://me:old@h", login=False)
    assert (given.get("username"), given.get("password"), given.get("mechanisms")) == (None, None, None)


def test_takes_a_proxy_with_a_password_from_the_environment_only() -> None:
    assert arguments(ENVOI_PROXY="socks5://me:pw@p:1").get("proxy") == "socks5://me:pw@p:1"
    with pytest.raises(ConfigError, match="ENVOI_PROXY"):
        arguments("--proxy", "socks5://me:pw@p:1")
    assert arguments("--proxy", "socks5://me@p:1").get("proxy") == "socks5://me@p:1"
    assert arguments("--proxy", "socks5://@[").get("proxy") == "socks5://@[", "its reader says what is wrong"
