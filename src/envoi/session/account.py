"""An account: a server, a login and a sender under a name.

A password is never part of it, only the place where it is. How accounts stand in the configuration file is
read by `account_reading` and written by `account_writing`; the file itself is `envoi.drivers.account_file`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envoi.errors import ConfigError
from envoi.message.address import Address
from envoi.session.settings import Security, choose_port

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Account", "DKIMPlace", "OAuthClient", "PasswordPlace", "QueueWishes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPlace:
    """Where the password is; exactly one of these.

    Attributes:
        keyring: in the desktop's keyring, under the service ``envoi`` and the user name.
        env: in the environment variable of this name.
        file: in the first line of this file.
        command: in the first line that this program prints.
    """

    keyring: bool = False
    env: str = ""
    file: str = ""
    command: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if sum(map(bool, (self.keyring, self.env, self.file, self.command))) != 1:
            raise ConfigError(
                "password is one of { keyring = true }, { env = … }, { file = … }, { command = […] }"
            )

    def __str__(self) -> str:
        if self.command:
            return f"what {self.command[0]} prints"
        return (
            "the keyring"
            if self.keyring
            else f"the variable {self.env}"
            if self.env
            else f"the file {self.file}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthClient:
    """How OAuth 2.0 tokens are obtained.

    Attributes:
        provider: a name of the shipped table, such as ``gmail.com``, which knows the addresses.
        issuer: any other provider's name for itself, an ``https://`` address at which it describes its others
            (RFC 8414); either this or `provider`.
        client_id: the client that one has registered there.
        client_secret: its secret; for a program on a desk none that would be worth much, so it may stand in
            the file, which must then be readable to its owner alone.
        scope: what to ask for, separated by blanks; empty for what the table says, or for an issuer
            ``openid offline_access``.
        keyring: the file with its token is encrypted with a key that the desktop's keyring keeps.
    """

    provider: str = ""
    issuer: str = ""
    client_id: str
    client_secret: str = field(default="", repr=False)
    scope: str = ""
    keyring: bool = False

    def __post_init__(self) -> None:
        if bool(self.provider) == bool(self.issuer):
            raise ConfigError("oauth has either a provider of the table or an issuer")

    def __str__(self) -> str:
        return f"{self.provider or self.issuer}, client {self.client_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DKIMPlace:
    """What mails are signed with: the key's PEM file, the domain, and the selector in its DNS.

    The key is read when a session is made, and must not be open to others.
    """

    key: str
    domain: str
    selector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueWishes:
    """How an outbox treats the account's mail.

    Attributes:
        on_unknown: after silence behind the final dot, ``"resend"`` (may arrive twice, is never lost) or
            ``"hold"`` (never arrives twice, waits for a person).
        failover: the account to go on with while this one's server is down; empty for none.
        dsn: whether the sender gets a report (RFC 3464) of what failed for good.
    """

    on_unknown: str = "resend"
    failover: str = ""
    dsn: bool = False

    def __post_init__(self) -> None:
        if self.on_unknown not in {"resend", "hold"}:
            raise ConfigError(f"on_unknown is resend or hold, not {self.on_unknown!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A way to send, under a name.

    Attributes:
        name: what it is called.
        server: the host to submit to.
        port: its port; None for the one that goes with the security.
        security: ``"starttls"``, ``"tls"`` or ``"plaintext"``.
        username: the user to log in as; empty without a login.
        sender: the address, with a name perhaps, that mails come from.
        password: where the password is.
        oauth: how tokens are obtained, in place of a password.
        ca_file: PEM file of the authorities to trust instead of the system's.
        dkim: what every mail of a session is signed with.
        limits: what the provider allows, such as ``messages_per_day``; for those who send many.
        outbox: how an outbox treats its mail.
    """

    name: str
    server: str
    port: int | None = None
    security: str = "starttls"
    username: str = ""
    sender: str = ""
    password: PasswordPlace | None = None
    oauth: OAuthClient | None = None
    ca_file: str = ""
    dkim: DKIMPlace | None = None
    limits: Mapping[str, int] = field(default_factory=dict[str, int], hash=False)
    outbox: QueueWishes = field(default_factory=QueueWishes)

    def __post_init__(self) -> None:
        choose_port(self.port, Security.named(self.security))
        if self.password is not None and self.oauth is not None:
            raise ConfigError("it is either a password or OAuth 2.0")
        if bool(self.username) != (self.password is not None or self.oauth is not None):
            raise ConfigError("username and a way to log in (password or oauth) belong together")
        if self.sender:
            Address.parse(self.sender)
