"""What has to be known to obtain a token: `OAuth2Parameters`.

The client, the addresses of the authorization server, and which grant to use; checked when made, as a
wrong address would be trusted with a secret. How the values are used is in `grants` and `sign_in`; where
they can be read from the server itself, in `discovery`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from envoi.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ClientAuthentication", "Grant", "OAuth2Parameters"]

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
# What the authorization request says itself; to say it twice, or otherwise, is a mistake or an attack.
_RESERVED = frozenset(
    {
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
        "uri",
    }
)
_URLS = ("authorization_url", "token_url", "device_authorization_url", "revocation_url", "issuer")


class Grant(Enum):
    """How a token is obtained."""

    AUTHORIZATION_CODE = "authorization_code"
    """A person signs in with a browser on this machine (RFC 6749 §4.1, RFC 7636, RFC 8252)."""
    DEVICE_CODE = "device_code"
    """A person signs in with a browser anywhere, typing a short code (RFC 8628)."""
    CLIENT_CREDENTIALS = "client_credentials"
    """The program acts for itself (RFC 6749 §4.4)."""
    SERVICE_ACCOUNT = "service_account"
    """A signed statement, for a mailbox that an administrator has opened to it (RFC 7523 §2.1)."""

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to sign in."""
        return self in {Grant.AUTHORIZATION_CODE, Grant.DEVICE_CODE}


class ClientAuthentication(Enum):
    """How the client proves itself at the token endpoint."""

    NONE = "none"
    """Not at all: a public client, with its name alone."""
    POST = "client_secret_post"
    """The secret among the form's fields; what Google and Microsoft take."""
    BASIC = "client_secret_basic"
    """The secret in a header, both parts form-encoded first (RFC 6749 §2.3.1)."""
    PRIVATE_KEY = "private_key_jwt"
    """A statement signed with `OAuth2Parameters.private_key` (RFC 7523 §2.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2Parameters:
    """A client, its authorization server and the grant to use.

    Attributes:
        client_id: the name the client is registered under; a service account's address.
        client_secret: its secret. For a program on a desk it is none, yet Google wants it.
        authorization_url: where a person signs in.
        token_url: where tokens are given out. Without it, this and the other addresses are looked up at the
            issuer when they are first needed (RFC 8414).
        redirection_url: where the browser is sent afterwards: ``http://127.0.0.1``, ``http://[::1]`` or
            ``http://localhost`` with a port, 0 for any free one.
        scope: what is asked for, separated by blanks.
        response_type: ``code``; no other is safe (RFC 9700 §2.1.2).
        additional_parameters: sent with the authorization request, such as ``access_type=offline``.
        device_authorization_url: where a device asks for its code.
        revocation_url: where tokens are given back (RFC 7009).
        issuer: the server's name for itself; what the browser brings back must agree with it (RFC 9207).
        issuer_is_sent: the server says that it always sends that name, so its absence is an attack.
        grant: how to obtain the token.
        client_authentication: by default, `PRIVATE_KEY` with a key, `POST` with a secret, else `NONE`.
        private_key: PEM, for `Grant.SERVICE_ACCOUNT` and `ClientAuthentication.PRIVATE_KEY`.
        private_key_id: its name at the server (``kid``).
        signing_algorithm: what the key signs with (RFC 7518 §3.1).
        subject: the mailbox that a service account acts for (domain-wide delegation).

    Raises:
        ConfigError: a value is missing or unsafe.
    """

    client_id: str
    token_url: str = ""
    client_secret: str | None = field(default=None, repr=False)
    authorization_url: str = ""
    redirection_url: str = "http://127.0.0.1:0/"
    scope: str = ""
    response_type: str = "code"
    additional_parameters: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    device_authorization_url: str = ""
    revocation_url: str = ""
    issuer: str = ""
    issuer_is_sent: bool = False
    grant: Grant = Grant.AUTHORIZATION_CODE
    client_authentication: ClientAuthentication | None = None
    private_key: str | None = field(default=None, repr=False)
    private_key_id: str | None = None
    signing_algorithm: str = "RS256"
    subject: str | None = None

    def __post_init__(self) -> None:
        if not self.client_id:
            raise ConfigError("client_id is missing: register the program with the provider to get one")
        if self.response_type != "code":
            raise ConfigError(f"response_type={self.response_type!r} is not safe; envoi knows 'code' alone")
        for name in _URLS:
            _check_url(name, getattr(self, name))
        if not self.token_url and not self.issuer:
            raise ConfigError("token_url is missing, and there is no issuer to look it up at")
        if taken := _RESERVED & self.additional_parameters.keys():
            raise ConfigError(f"additional_parameters may not have {', '.join(sorted(taken))}")
        self._check_grant()

    def _check_grant(self) -> None:
        wanted = {
            Grant.AUTHORIZATION_CODE: "authorization_url",
            Grant.DEVICE_CODE: "device_authorization_url",
            Grant.SERVICE_ACCOUNT: "private_key",
        }.get(self.grant)
        # Addresses that are looked up later are checked then, for the parameters are made anew.
        later = self.grant.needs_person and not self.token_url
        if wanted is not None and not later and not getattr(self, wanted):
            raise ConfigError(f"the grant {self.grant.value} needs {wanted}")
        if self.authentication is ClientAuthentication.PRIVATE_KEY and not self.private_key:
            raise ConfigError("private_key_jwt needs private_key")
        if (
            self.authentication in {ClientAuthentication.POST, ClientAuthentication.BASIC}
            and not self.client_secret
        ):
            raise ConfigError(f"{self.authentication.value} needs client_secret")
        if self.grant is Grant.AUTHORIZATION_CODE:
            self._check_redirection()

    def _check_redirection(self) -> None:
        parts = urlsplit(self.redirection_url)
        if parts.scheme != "http" or parts.hostname not in _LOOPBACK or parts.query or parts.fragment:
            raise ConfigError(
                f"redirection_url={self.redirection_url!r} must lead to this machine: "
                f"http://127.0.0.1:PORT/, "
                "http://[::1]:PORT/ or http://localhost:PORT/, with port 0 for any free one"
            )

    @property
    def authentication(self) -> ClientAuthentication:
        """How the client proves itself, whether said or derived."""
        if self.client_authentication is not None:
            return self.client_authentication
        if self.private_key and self.grant is not Grant.SERVICE_ACCOUNT:
            return ClientAuthentication.PRIVATE_KEY
        return ClientAuthentication.POST if self.client_secret else ClientAuthentication.NONE


def _check_url(name: str, url: str) -> None:
    """Secrets travel to these addresses: TLS, or this very machine (RFC 6749 §3.2)."""
    if not url:
        return
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ConfigError(f"{name} is not an address") from None
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not safe or not parts.hostname or parts.username is not None or parts.fragment:
        raise ConfigError(f"{name} must be an https:// address; http:// is for this machine alone")
    if any(ord(char) < 33 for char in url):
        raise ConfigError(f"{name} has a blank or control character in it")
