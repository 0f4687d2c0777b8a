"""A server as an URL, read into the arguments of a session.

The scheme says how to connect; who logs in may stand in the URL or beside it. Pure: nothing is looked up.
What contradicts itself beyond the URL is found in `settings`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from envoi.errors import ConfigError
from envoi.session.settings import Protocol, Security

if TYPE_CHECKING:
    from envoi.session.settings import SessionArguments, SessionOptions

__all__ = ["ServerURL"]

_SCHEMES = {
    "smtp": (Protocol.SMTP, Security.STARTTLS),
    "smtps": (Protocol.SMTP, Security.TLS),
    "smtp+plaintext": (Protocol.SMTP, Security.PLAINTEXT),
    "lmtp": (Protocol.LMTP, Security.STARTTLS),
    "lmtps": (Protocol.LMTP, Security.TLS),
    "lmtp+plaintext": (Protocol.LMTP, Security.PLAINTEXT),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerURL:
    """A server as an URL: ``smtps://user@mail.example.com:465``.

    The scheme says how: ``smtp`` (STARTTLS, required), ``smtps`` (TLS), ``smtp+plaintext``, and the same for
    ``lmtp``. User and password are percent-encoded; a path is a Unix socket.
    """

    host: str
    port: int | None
    security: Security
    protocol: Protocol
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> ServerURL:
        """Read an URL.

        Raises:
            ConfigError: it is not one of ours; the text does not repeat it, as it may hold a password.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
            protocol, security = _SCHEMES[parts.scheme.lower()]
        except (ValueError, KeyError):
            raise ConfigError(_URL_HELP) from None
        if parts.query or parts.fragment or any(ord(char) < 33 for char in url):
            raise ConfigError(_URL_HELP)
        host = parts.hostname or ""
        if parts.path not in ("", "/"):
            host = "" if host else unquote(parts.path)
        if not host:
            raise ConfigError(_URL_HELP)
        return cls(
            host=host,
            port=port,
            security=security,
            protocol=protocol,
            username=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
        )

    def arguments(self, options: SessionOptions) -> SessionArguments:
        """Return the arguments of the session that this URL and the options beside it describe.

        Raises:
            ConfigError: an option says what the URL has said already; who logs in may be said by both, and
                the option counts.
        """
        for name in ("host", "port", "security", "protocol"):
            if name in options:
                raise ConfigError(f"the URL says it already: leave {name}= away, or give no URL")
        arguments: SessionArguments = {
            "host": self.host,
            "port": self.port,
            "security": self.security.value,
            "protocol": self.protocol.value,
            "username": self.username,
            "password": self.password,
            **options,
        }
        return arguments


_URL_HELP = (
    "this is not the URL of a server; it looks like smtps://user@mail.example.com (TLS, port 465) or "
    "smtp://user@mail.example.com (STARTTLS, port 587), with @, / and the like in a user name percent-encoded"
)
