"""What is known of a mail provider, as values: `Provider` and its `AuthorizationServer`.

Facts only: where to send, what proves who one is, and what has to be done on the provider's pages before
that works. Where they are written down is `providers.toml`; how they are found, `table`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envoi.message.address import Address

__all__ = ["AuthorizationServer", "PasswordReality", "Provider", "UsernameForm"]


class UsernameForm(Enum):
    """What the server takes as a user name."""

    ADDRESS = "address"
    LOCAL_PART = "local part"

    def of(self, address: Address) -> str:
        """Return the user name that belongs to an address."""
        return address.spec if self is UsernameForm.ADDRESS else address.local


class PasswordReality(Enum):
    """Which password, if any, the server takes from a program."""

    ACCOUNT = "account"
    """The one that people sign in with."""
    APP = "app"
    """One made for the program on the provider's pages; the account's own is refused."""
    NONE = "none"
    """None at all: OAuth 2.0 is the only way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationServer:
    """Where OAuth 2.0 tokens for a mail server come from; no client is part of it.

    Attributes:
        issuer: its name for itself, from which the addresses can be looked up (RFC 8414); may be empty.
        authorization_url: where a person signs in.
        token_url: where tokens are given out.
        device_authorization_url: where a device asks for its code; empty when that is not possible for mail.
        revocation_url: where tokens are given back.
        scope: what to ask for in order to send, separated by blanks.
        application_scope: the same for a program that acts for itself; empty when there is no such thing.
        additional_parameters: what the authorization request needs beside that.
        login_hint: whether the request may name the account, so that nobody has to type or to choose it.
        console: what has to be done on the provider's pages to get a client, step by step.
        links: where those pages are, and the documentation.
        quirks: where it is not as the RFCs would have it.
    """

    issuer: str = ""
    authorization_url: str = ""
    token_url: str = ""
    device_authorization_url: str = ""
    revocation_url: str = ""
    scope: str = ""
    application_scope: str = ""
    additional_parameters: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    login_hint: bool = False
    console: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    quirks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A mail provider's way to send.

    Attributes:
        name: its main domain.
        domains: the domains of its addresses; not all of them where there are hundreds.
        mx: what the names of its mail exchangers end in, from which other domains are recognised.
        server: the host to submit to.
        port: 465 or 587.
        security: ``"tls"`` or ``"starttls"``, as `envoi.SMTPSession` takes it.
        username: what the user name looks like.
        mechanisms: the SASL mechanisms for tokens, the preferred one first; empty without OAuth 2.0.
        password: which password works.
        password_hint: the same in a sentence.
        authorization: where tokens come from.
        quirks: what surprises people.
        verified: False for a row that was written from memory and has not been compared with a source.
        source: what it was compared with.
    """

    name: str
    domains: tuple[str, ...]
    mx: tuple[str, ...] = ()
    server: str
    port: int
    security: str
    username: UsernameForm = UsernameForm.ADDRESS
    mechanisms: tuple[str, ...] = ()
    password: PasswordReality = PasswordReality.ACCOUNT
    password_hint: str = ""
    authorization: AuthorizationServer | None = None
    quirks: tuple[str, ...] = ()
    verified: bool = True
    source: str = ""
