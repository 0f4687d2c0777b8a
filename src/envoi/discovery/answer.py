"""What a search found: `Discovered`, and what it looked at on the way: `Considered`.

A setting is checked before it becomes a `Discovered`: no host name that is none, no port that contradicts
the security, nothing without TLS. `offer` is the only way there for what others wrote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from envoi.discovery.provider import PasswordReality
from envoi.errors import ConfigError

if TYPE_CHECKING:
    from envoi.discovery.provider import AuthorizationServer, Provider
    from envoi.message.address import Address

__all__ = [
    "OAUTH_ONLY",
    "UNSAID",
    "Considered",
    "Discovered",
    "Discovery",
    "Source",
    "check_server",
    "from_provider",
]

UNSAID = "a password; whether the account's own or one for programs is not said"
OAUTH_ONLY = "no password works: OAuth 2.0 is needed"

_HOST = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)


class Source(Enum):
    """Who answered."""

    TABLE = "table"
    """The table that envoi ships."""
    AUTOCONFIG = "autoconfig"
    """A document of the domain, over HTTPS (draft-ietf-mailmaint-autoconfig)."""
    MX = "mx"
    """The domain's mail exchanger, which belongs to a provider in the table."""
    SRV = "srv"
    """The DNS of the domain (RFC 6186, RFC 8314 §5.1)."""
    PACC = "pacc"
    """A document of the domain whose digest is in the DNS (draft-ietf-mailmaint-pacc)."""
    ISPDB = "ispdb"
    """Thunderbird's database, which learns the domain by being asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """Something that was looked at.

    Attributes:
        source: who was asked.
        place: where: an URL, or a name in the DNS.
        outcome: what came of it, or why it was rejected.
        taken: whether it is the answer.
    """

    source: Source
    place: str
    outcome: str
    taken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """How to send from an address.

    Attributes:
        address: whose settings they are.
        server: the host to submit to.
        port: its port.
        security: ``"tls"`` or ``"starttls"``, as `envoi.SMTPSession` takes it.
        username: the user to log in as; empty where the server wants no login.
        mechanisms: the SASL mechanisms for OAuth 2.0 tokens; empty without.
        source: who said so.
        place: where it was said: an URL, or a name in the DNS.
        doubt: why somebody should look at it before a password is sent there; empty when nothing is in doubt.
        provider: the row of the table that it is from; empty where the domain spoke for itself.
        takes_password: False where only a token will do, or nothing at all is wanted.
        password_hint: which password works.
        authorization: where OAuth 2.0 tokens come from, as far as that was said.
        quirks: what surprises people with this provider.
        considered: everything that was looked at, in order.
    """

    address: str
    server: str
    port: int
    security: str
    username: str
    mechanisms: tuple[str, ...] = ()
    source: Source
    place: str
    doubt: str = ""
    provider: str = ""
    takes_password: bool = True
    password_hint: str = ""
    authorization: AuthorizationServer | None = None
    quirks: tuple[str, ...] = ()
    considered: tuple[Considered, ...] = ()

    @property
    def verified(self) -> bool:
        """Whether the domain itself says so, or a row of the table that was compared with its source."""
        return not self.doubt


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """A whole search: the answer, if there is one, and everything that was looked at."""

    address: str
    found: Discovered | None
    considered: tuple[Considered, ...]

    def answer(self) -> Discovered:
        """Return the answer.

        Raises:
            ConfigError: there is none; the text says who was asked and what they said.
        """
        if self.found is not None:
            return self.found
        asked = "; ".join(f"{each.place}: {each.outcome}" for each in self.considered)
        raise ConfigError(
            f"no settings were found for {self.address} ({asked}). Ask the provider for the name of its "
            "submission server, and give it by hand"
        )


def check_server(host: str, port: int, security: str) -> None:
    """Check where a password would go.

    Raises:
        ConfigError: that is no host, or port and security contradict each other.
    """
    if not _HOST.fullmatch(host) or host.rpartition(".")[2].isdigit():
        raise ConfigError(f"{host[:80]!r} is no host name")
    if not 1 <= port <= 65535:
        raise ConfigError(f"{port} is no port")
    if (port == 465) != (security == "tls") and port in (25, 465, 587):
        raise ConfigError(f"port {port} contradicts {security}")


def from_provider(provider: Provider, address: Address, source: Source, place: str, doubt: str) -> Discovered:
    """Return what the table says, for an address."""
    if not provider.verified:
        memory = "the row of the table was written from memory"
        doubt = f"{doubt}; {memory}" if doubt else memory
    return Discovered(
        address=address.spec,
        server=provider.server,
        port=provider.port,
        security=provider.security,
        username=provider.username.of(address),
        mechanisms=provider.mechanisms,
        source=source,
        place=place,
        doubt=doubt,
        provider=provider.name,
        takes_password=provider.password is not PasswordReality.NONE,
        password_hint=provider.password_hint,
        authorization=provider.authorization,
        quirks=provider.quirks,
    )
