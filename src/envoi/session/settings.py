"""What a session is opened with, checked before anything is connected.

`Settings` is the whole of a caller's wishes as one value. Ports and security that contradict each other are
refused here, with the reason. Reading them from an URL is in `server_url`; how they are acted upon, in
`connect` and `authenticate`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack, cast

from envoi.errors import ConfigError
from envoi.ports import Endpoint, TLSOptions
from envoi.session.timeouts import Timeouts
from envoi.session.tokens import token_source
from envoi.smtp.sasl import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from envoi.message.signing import DKIMSigner
    from envoi.ports import TokenSource
    from envoi.session.tokens import Auth
    from envoi.session.transcript import TranscriptLine

__all__ = [
    "Protocol",
    "Security",
    "SessionArguments",
    "SessionOptions",
    "Settings",
    "choose_port",
]

E = TypeVar("E", bound=Enum)


class Security(Enum):
    """How a connection is secured."""

    STARTTLS = "starttls"
    """In clear at first, then TLS, required (RFC 3207, RFC 8314 §3.3)."""
    TLS = "tls"
    """TLS from the first octet (RFC 8314 §3)."""
    PLAINTEXT = "plaintext"
    """No TLS at all; has to be asked for by name."""

    @classmethod
    def named(cls, name: str) -> Security:
        """Return the security of that name.

        Raises:
            ConfigError: there is none.
        """
        return _named(cls, "security", name)


class Protocol(Enum):
    """What is spoken."""

    SMTP = "smtp"
    LMTP = "lmtp"
    """Local delivery: LHLO, and one reply per recipient after the dot (RFC 2033)."""

    @classmethod
    def named(cls, name: str) -> Protocol:
        """Return the protocol of that name.

        Raises:
            ConfigError: there is none.
        """
        return _named(cls, "protocol", name)


class _KeptOptions(TypedDict, total=False):
    """The arguments of `SMTPSession` that are kept as they are."""

    username: str | None
    password: str | None
    deadline: float | None
    local_hostname: str | None
    allow_plaintext_auth: bool
    transcript: Callable[[TranscriptLine], None] | None
    signer: DKIMSigner | None


class SessionOptions(_KeptOptions, total=False):
    """The keyword arguments of `SMTPSession` beside what an URL says."""

    source_address: str | None
    proxy: str | None
    auth: Auth | None
    tls: TLSOptions | None
    timeout: Timeouts | float | None
    mechanisms: Iterable[str] | None
    window: int
    asynchronous: bool | str | Path


class SessionArguments(SessionOptions):
    """All the arguments of `SMTPSession`."""

    host: str
    port: int | None
    security: str
    protocol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that a session needs to know to open a connection."""

    endpoint: Endpoint
    security: Security = Security.STARTTLS
    protocol: Protocol = Protocol.SMTP
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token_source: TokenSource | None = field(default=None, repr=False)
    mechanisms: tuple[str, ...] | None = None
    tls: TLSOptions = field(default_factory=TLSOptions)
    timeouts: Timeouts = field(default_factory=Timeouts)
    deadline: float | None = None
    local_hostname: str | None = None
    allow_plaintext_auth: bool = False
    transcript: Callable[[TranscriptLine], None] | None = field(default=None, repr=False)
    signer: DKIMSigner | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        host: str,
        port: int | None,
        *,
        security: str,
        source_address: str | None,
        proxy: str | None,
        auth: Auth | None,
        tls: TLSOptions | None,
        timeout: Timeouts | float | None,
        protocol: str,
        mechanisms: Iterable[str] | None,
        **rest: Unpack[_KeptOptions],
    ) -> Settings:
        """Read the arguments of `SMTPSession`.

        Raises:
            ConfigError: one of them is wrong, or two contradict each other.
        """
        if not host or any(ord(char) < 33 for char in host):
            raise ConfigError(f"host={host!r} is not a host name")
        if isinstance(auth, tuple):
            if rest.get("username") is not None or rest.get("password") is not None:
                raise ConfigError("auth=(user, password) says both: leave username= and password= away")
            rest["username"], rest["password"] = _pair(cast("tuple[Any, ...]", auth))
            auth = None
        secured, spoken = Security.named(security), Protocol.named(protocol)
        return cls(
            endpoint=Endpoint(
                host=host, port=choose_port(port, secured, spoken), source_address=source_address, proxy=proxy
            ),
            security=secured,
            protocol=spoken,
            token_source=None if auth is None else token_source(auth),
            mechanisms=None if mechanisms is None else tuple(mechanisms),
            tls=tls or TLSOptions(),
            timeouts=Timeouts.of(timeout),
            **rest,
        )

    def __post_init__(self) -> None:
        if self.password is not None and self.token_source is not None:
            raise ConfigError("give a password or an OAuth 2.0 token (auth=), not both")
        if self.username is None and self.password is not None:
            raise ConfigError("a password needs the username it belongs to")
        if self.username is not None and self.password is None and not (self.token_source or self.external):
            raise ConfigError(
                f"the username {self.username!r} needs a password, or an OAuth 2.0 token (auth=); "
                "leave it away where the server wants no login"
            )
        if self.username is not None:
            # What no mechanism could send is refused now, not after connecting; a token may come later.
            Credentials(username=self.username, password=self.password, external=True)
        if self.deadline is not None and not self.deadline > 0:
            raise ConfigError("the deadline must be more than 0 seconds, or None")
        self._check_port()

    @property
    def wants_login(self) -> bool:
        """Whether there is something to log in with."""
        return self.username is not None or self.token_source is not None or self.external

    @property
    def external(self) -> bool:
        """Whether a client certificate is all there is to log in with, and EXTERNAL was asked for by name."""
        return self.mechanisms is not None and "EXTERNAL" in (name.upper() for name in self.mechanisms)

    def _check_port(self) -> None:
        port = self.endpoint.port
        if port == 465 and self.security is not Security.TLS:
            raise ConfigError(
                "port 465 speaks TLS from the first byte: use security='tls', or port 587 with 'starttls'"
            )
        if port in (25, 587) and self.security is Security.TLS:
            raise ConfigError(f"port {port} begins in clear: use security='starttls', or port 465 with 'tls'")


def _pair(auth: tuple[Any, ...]) -> tuple[str, str]:
    # Not shown: it may be a password that stands in the wrong place.
    if [type(each) for each in auth] != [str, str]:
        raise ConfigError("auth= as a pair is (user, password), two texts")
    return auth[0], auth[1]


def _named(kind: type[E], what: str, name: str) -> E:
    try:
        return kind(name)
    except ValueError:
        known = ", ".join(repr(each.value) for each in kind)
        raise ConfigError(f"{what}={name!r} is not known; it is one of {known}") from None


_DEFAULT_PORT = {Security.STARTTLS: 587, Security.TLS: 465, Security.PLAINTEXT: 25}


def choose_port(port: int | None, security: Security, protocol: Protocol = Protocol.SMTP) -> int:
    """Return `port`, checked, or the one that goes with the security and protocol.

    Raises:
        ConfigError: it is no port number.
    """
    if port is None:
        return 24 if protocol is Protocol.LMTP else _DEFAULT_PORT[security]
    if type(port) is not int or not 1 <= port <= 65535:
        raise ConfigError(f"port={port!r} is not a port: it is a number from 1 to 65535")
    return port
