"""Which server, how secured, as whom: the options that all commands share which talk to one.

Turns them, the environment and the URL into the arguments of `SMTPSession`. A password in an URL is refused
where everybody could read it. Where the password comes from instead is in `passwords`, what an account says
in `chosen_account`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from envoi.cli.chosen_account import add_account_option, find_account, server_of
from envoi.cli.passwords import find_secret
from envoi.client.account import account_arguments
from envoi.errors import ConfigError
from envoi.ports import TLSOptions
from envoi.session.server_url import ServerURL
from envoi.session.settings import Security, SessionArguments, SessionOptions
from envoi.session.timeouts import Timeouts

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from envoi.cli.terminal import Terminal

__all__ = [
    "add_server_argument",
    "add_server_options",
    "find_server",
    "read_server",
    "session_arguments",
]

_SCHEMES = {Security.STARTTLS: "smtp", Security.TLS: "smtps", Security.PLAINTEXT: "smtp+plaintext"}
_TLS_PORT = 465


def add_server_argument(parser: ArgumentParser) -> None:
    """Declare ``--server`` and ``--account``, for commands that send."""
    parser.add_argument(
        "--server",
        metavar="URL",
        help="smtps://USER@HOST (TLS, port 465), smtp://USER@HOST (STARTTLS, 587), or HOST[:PORT]; "
        "by default the variable ENVOI_SERVER",
    )
    add_account_option(parser)


def add_server_options(parser: ArgumentParser) -> None:
    """Declare the options about the connection."""
    group = parser.add_argument_group("connection")
    group.add_argument(
        "--security",
        choices=[each.value for each in Security],
        help="starttls (port 587, the default), tls (465), or plaintext (25)",
    )
    group.add_argument("--username", metavar="USER", help="log in as USER; also as smtps://USER@HOST")
    group.add_argument(
        "--ca-file", metavar="FILE", help="trust these authorities (PEM) instead of the system's"
    )
    group.add_argument(
        "--fingerprint", metavar="SHA256", action="append", help="accept this certificate only"
    )
    group.add_argument("--client-certificate", metavar="FILE", help="our own certificate chain (PEM)")
    group.add_argument("--client-key", metavar="FILE", help="its private key, unless it is in the same file")
    group.add_argument(
        "--mechanism",
        metavar="NAME",
        action="append",
        help="log in with this SASL mechanism; the strongest of both sides by default",
    )
    group.add_argument(
        "--insecure-plaintext-auth",
        action="store_true",
        help="send the password even over a connection that everybody on the way can read",
    )
    group.add_argument(
        "--timeout", metavar="S", type=float, help="give up when the server is silent for S seconds"
    )
    group.add_argument("--deadline", metavar="S", type=float, help="give up when all of it takes longer")
    group.add_argument("--local-hostname", metavar="NAME", help="introduce this machine by NAME (EHLO)")
    group.add_argument("--source-address", metavar="IP", help="connect from this address of this machine")
    group.add_argument(
        "--proxy", metavar="URL", help="go through socks5://HOST:PORT or http://HOST:PORT (extra 'proxy')"
    )


def find_server(given: Namespace, terminal: Terminal) -> ServerURL:
    """Return the server that ``--account``, ``--server`` or the environment names; see `chosen_account`.

    Raises:
        UsageError: the first two contradict each other.
        ConfigError: nothing names one; else as for `read_server`.
    """
    account = find_account(given, terminal)
    if account is not None:
        return server_of(account)
    text = given.server or terminal.environ.get("ENVOI_SERVER")
    if not text:
        raise ConfigError("through which server? Give --server or --account, or set ENVOI_SERVER")
    return read_server(text, given.security, public=bool(given.server))


def read_server(text: str, security: str | None, *, public: bool) -> ServerURL:
    """Read ``smtps://user@host:465``, ``host:465`` or ``host``; the security follows the port.

    Args:
        text: what the user gave.
        security: the option of that name.
        public: it stood on the command line, where it must not hold a password.

    Raises:
        ConfigError: it is not a server, contradicts the security, or holds a password in public.
    """
    given = "://" in text
    server = ServerURL.parse(text if given else f"{_scheme(text, security)}://{_bracketed(text)}")
    if public and server.password is not None:
        raise ConfigError(_PUBLIC_PASSWORD)
    if given and security not in (None, server.security.value):
        raise ConfigError(f"--security {security} contradicts the URL, which says {server.security.value}")
    return server


def session_arguments(
    given: Namespace, server: ServerURL, terminal: Terminal, *, login: bool = True
) -> SessionArguments:
    """Return the arguments of `SMTPSession`; without `login` no secret is looked for.

    Raises:
        ConfigError: options contradict each other, or a secret is missing.
        OSError: a file cannot be read.
    """
    options = _options(given, terminal)
    account = find_account(given, terminal)
    if account is not None and given.ca_file is None and account.ca_file:
        options["tls"] = replace(options.get("tls") or TLSOptions(), ca_file=account.ca_file)
    username = given.username if given.username is not None else server.username
    options["username"] = username if login else None
    options["transcript"] = terminal.tell if given.verbose else None
    if not login:
        options["password"] = options["mechanisms"] = None
    elif account is not None:
        kept = account_arguments(account, {})
        options["password"], options["auth"] = kept.get("password"), kept.get("auth")
        options["signer"] = kept.get("signer")
    elif server.password is None or given.username is not None:
        secret = find_secret(given, username, terminal)
        options["password"], options["auth"] = secret.password, secret.token
    return server.arguments(options)


def _options(given: Namespace, terminal: Terminal) -> SessionOptions:
    return SessionOptions(
        tls=TLSOptions(
            ca_file=given.ca_file,
            client_certificate=given.client_certificate,
            client_key=given.client_key,
            client_key_password=terminal.environ.get("ENVOI_CLIENT_KEY_PASSWORD"),
            fingerprints=tuple(given.fingerprint or ()),
        ),
        auth=None,
        timeout=Timeouts() if given.timeout is None else given.timeout,
        deadline=given.deadline,
        local_hostname=given.local_hostname,
        source_address=given.source_address,
        proxy=_proxy(given, terminal),
        allow_plaintext_auth=given.insecure_plaintext_auth,
        mechanisms=given.mechanism,
    )


def _proxy(given: Namespace, terminal: Terminal) -> str | None:
    if given.proxy is None:
        return terminal.environ.get("ENVOI_PROXY") or None
    if "@" in given.proxy and _has_password(given.proxy):
        raise ConfigError(_PUBLIC_PROXY_PASSWORD)
    return str(given.proxy)


def _has_password(url: str) -> bool:
    try:
        return urlsplit(url).password is not None
    except ValueError:
        # Whoever reads proxies' URLs says what is wrong with it.
        return False


def _bracketed(text: str) -> str:
    """A bare IPv6 address needs brackets in an URL."""
    return f"[{text}]" if text.count(":") > 1 and not set(text) & set("[/@") else text


def _scheme(text: str, security: str | None) -> str:
    if security is not None:
        return _SCHEMES[Security.named(security)]
    if text.startswith("/"):
        return _SCHEMES[Security.PLAINTEXT]
    return _SCHEMES[Security.TLS if text.endswith(f":{_TLS_PORT}") else Security.STARTTLS]


_PUBLIC = (
    "can be read by every user of this machine, in the list of processes and in your shell's history, so it "
    "was not used. Consider changing it, and give it as"
)
_PUBLIC_PASSWORD = f"a password in the server's URL {_PUBLIC} ENVOI_PASSWORD, --password-file or --keyring"
_PUBLIC_PROXY_PASSWORD = f"a password in the proxy's URL {_PUBLIC} part of the variable ENVOI_PROXY"
