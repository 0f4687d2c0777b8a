"""How a test server behaves: its options, checked, and what it offers because of them.

`ServerSettings` is the whole of a test's wishes as one value; `ServerOptions` names them for type checkers.
What is done with them is in `dialogue` and `connection`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NotRequired, TypedDict

from envoi.errors import ConfigError
from envoi.ports import TLSOptions
from envoi.session.settings import Protocol, Security
from envoi.smtp.capabilities import Capabilities
from envoi.smtp.sasl import MECHANISMS, SERVED, Proof
from envoi.testing.certificates import default_certificate, end_point

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envoi.testing.certificates import Certificate
    from envoi.testing.faults import Fault

__all__ = ["EXTENSIONS", "Access", "ServerOptions", "ServerSettings"]

EXTENSIONS = (
    "PIPELINING",
    "SIZE",
    "8BITMIME",
    "SMTPUTF8",
    "CHUNKING",
    "BINARYMIME",
    "DSN",
    "ENHANCEDSTATUSCODES",
    "REQUIRETLS",
    "LIMITS RCPTMAX=1000",
    "MT-PRIORITY",
    "FUTURERELEASE 2592000 2099-12-31T23:59:59Z",
    "DELIVERBY",
    "STARTTLS",
    "AUTH",
)
"""What is offered unless something else is asked for."""


class ServerOptions(TypedDict, total=False):
    """The arguments of `SMTPServer`."""

    security: str
    protocol: str
    accounts: Mapping[str, str]
    tokens: Mapping[str, str]
    mechanisms: Iterable[str] | None
    require_auth: bool | None
    allow_plaintext_auth: bool
    extensions: Iterable[str]
    max_size: int
    certificate: Certificate | None
    faults: Iterable[Fault]
    allow_bare_line_ends: bool
    idle_timeout: float
    max_commands: int


class Access(TypedDict):
    """The arguments with which `SMTPSession` gets in; others may stand beside them."""

    host: str
    port: int
    security: str
    protocol: str
    tls: TLSOptions
    username: NotRequired[str]
    password: NotRequired[str]
    auth: NotRequired[str]
    allow_plaintext_auth: NotRequired[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Everything that a server needs to know; the attributes are explained at `SMTPServer`."""

    security: Security
    protocol: Protocol
    accounts: Mapping[str, str] = field(repr=False)
    tokens: Mapping[str, str] = field(repr=False)
    mechanisms: tuple[str, ...]
    require_auth: bool
    allow_plaintext_auth: bool
    extensions: Mapping[str, tuple[str, ...]]
    max_size: int
    certificate: Certificate | None
    allow_bare_line_ends: bool
    idle_timeout: float
    max_commands: int
    faults: tuple[Fault, ...]
    name: str = "mail.example.org"

    @classmethod
    def of(
        cls,
        *,
        security: str = "starttls",
        protocol: str = "smtp",
        accounts: Mapping[str, str] | None = None,
        tokens: Mapping[str, str] | None = None,
        mechanisms: Iterable[str] | None = None,
        require_auth: bool | None = None,
        allow_plaintext_auth: bool = False,
        extensions: Iterable[str] = EXTENSIONS,
        max_size: int = 50 * 1024 * 1024,
        certificate: Certificate | None = None,
        allow_bare_line_ends: bool = False,
        idle_timeout: float = 60.0,
        max_commands: int = 1_000_000,
        faults: Iterable[Fault] = (),
    ) -> ServerSettings:
        """Read the arguments of `SMTPServer`.

        Raises:
            ConfigError: one of them makes no sense.
        """
        secured, users, bearers = Security.named(security), dict(accounts or {}), dict(tokens or {})
        if certificate is None and secured is not Security.PLAINTEXT:
            certificate = default_certificate()
        return cls(
            security=secured,
            protocol=Protocol.named(protocol),
            accounts=users,
            tokens=bearers,
            mechanisms=_mechanisms(mechanisms, users, bearers),
            require_auth=bool(users or bearers) if require_auth is None else require_auth,
            allow_plaintext_auth=allow_plaintext_auth,
            extensions=_keywords(extensions),
            max_size=max_size,
            certificate=certificate,
            allow_bare_line_ends=allow_bare_line_ends,
            idle_timeout=idle_timeout,
            max_commands=max_commands,
            faults=tuple(faults),
        )

    def offered(self, *, encrypted: bool) -> Capabilities:
        """Return what EHLO is answered with."""
        kept = {word: parameters for word, parameters in self.extensions.items() if word != "AUTH"}
        if "SIZE" in kept:
            kept["SIZE"] = kept["SIZE"] or (str(self.max_size),)
        if encrypted or self.security is not Security.STARTTLS:
            kept.pop("STARTTLS", None)
        if not encrypted:
            kept.pop("REQUIRETLS", None)
        if "AUTH" in self.extensions and (served := self.served(encrypted=encrypted)):
            kept["AUTH"] = served
        return Capabilities(keywords=kept)

    def served(self, *, encrypted: bool) -> tuple[str, ...]:
        """Return the mechanisms that may be used now."""
        if not encrypted:
            unbound = tuple(name for name in self.mechanisms if not name.endswith("-PLUS"))
            return unbound if self.allow_plaintext_auth else ()
        return self.mechanisms

    def access(self, host: str, port: int) -> Access:
        """Return how a session gets in."""
        ca_file = None if self.certificate is None else self.certificate.ca_file
        access: Access = {
            "host": host,
            "port": port,
            "security": self.security.value,
            "protocol": self.protocol.value,
            "tls": TLSOptions(ca_file=ca_file),
        }
        if self.accounts:
            access["username"], access["password"] = next(iter(self.accounts.items()))
        elif self.tokens:
            access["auth"], access["username"] = next(iter(self.tokens.items()))
        if self.security is Security.PLAINTEXT and self.allow_plaintext_auth:
            access["allow_plaintext_auth"] = True
        return access

    def end_point(self, *, encrypted: bool) -> bytes | None:
        """Return the server's channel binding, when a mechanism is offered that needs it."""
        if self.certificate is None or not encrypted or not any("-PLUS" in name for name in self.mechanisms):
            return None
        return end_point(self.certificate)


def _mechanisms(
    wanted: Iterable[str] | None, accounts: Mapping[str, str], tokens: Mapping[str, str]
) -> tuple[str, ...]:
    if wanted is not None:
        names = tuple(name.upper() for name in wanted)
        if unknown := [name for name in names if name not in SERVED]:
            raise ConfigError(
                f"no mechanism {unknown[0]} is served here; there are {', '.join(sorted(SERVED))}"
            )
        return names
    proofs = {Proof.PASSWORD} if accounts else set[Proof]()
    if tokens:
        proofs.add(Proof.TOKEN)
    return tuple(mechanism.name for mechanism in MECHANISMS if mechanism.proof in proofs)


def _keywords(extensions: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    if isinstance(extensions, str):
        raise ConfigError(f"extensions is a set of EHLO keywords, not the text {extensions!r}")
    split = (extension.split() for extension in extensions)
    return {word.upper(): tuple(parameters) for word, *parameters in split}
