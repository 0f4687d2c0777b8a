"""`TokenKeeper` and `AsyncTokenKeeper`, `authorize`, `discover`: OAuth 2.0 in two colours.

The flows of `envoi.oauth` over a driver. A keeper is what `auth=` takes; it may be shared by any number
of sessions, and any number of processes may have one over the same store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.drivers.https import HTTPOptions
from envoi.drivers.oauth_world import BlockingWorld, open_browser, random_bytes
from envoi.drivers.token_folder import TokenFolder
from envoi.drivers.token_keyring import keyring_key
from envoi.drivers.token_memory import TokenMemory
from envoi.oauth import discovery, registration
from envoi.oauth.consent import Consent, obtain
from envoi.oauth.lifecycle import Lifecycle
from envoi.oauth.parameters import Grant
from envoi.oauth.sealing import Seal
from envoi.session.run import run_sync

if TYPE_CHECKING:
    from os import PathLike

    from envoi.oauth.discovery import ServerMetadata
    from envoi.oauth.parameters import OAuth2Parameters
    from envoi.oauth.ports import TokenStore
    from envoi.oauth.registration import ClientCredentials
    from envoi.oauth.token import Token, TokenStatus

__all__ = [
    "AsyncTokenKeeper",
    "TokenKeeper",
    "authorize",
    "authorize_async",
    "discover",
    "discover_async",
    "register_client",
    "register_client_async",
    "token_folder",
]

_DEFAULT_CONSENT = Consent()


class TokenKeeper:
    """Keeps the token of one account: give it to sessions as `auth=`.

    Renews the token five to six minutes before it expires, and when a server refuses it: once, however many
    threads and processes ask. A new refresh token is stored before anything else. Safe to share.

    Args:
        parameters: what to obtain, and where.
        store: where tokens are kept, a `TokenFolder` or `TokenKeyring`; by default in memory.
        account: the name of this token in the store, such as the mail address.
        timeout: seconds for one question to the provider.
        ca_file: PEM file of the authorities to trust instead of the system's.

    Raises:
        ConfigError: `ca_file` cannot be used.
    """

    def __init__(
        self,
        parameters: OAuth2Parameters,
        *,
        store: TokenStore | None = None,
        account: str = "default",
        timeout: float = 30.0,
        ca_file: str | PathLike[str] | None = None,
    ) -> None:
        self._parameters = parameters
        self._world = BlockingWorld(HTTPOptions(timeout=timeout, ca_file=ca_file))
        self._lifecycle = Lifecycle(self._world, parameters, store or TokenMemory(), account)

    @property
    def status(self) -> TokenStatus:
        """How the account stands: valid, expiring, or in need of a person, why, and since when."""
        return self._lifecycle.status()

    async def token(self, *, renew: bool) -> str:
        """Return an access token to the session that this was given to; others call `access_token`.

        Raises:
            TokenUnavailable: there is none; its text says what to do.
        """
        return await self._lifecycle.token(renew=renew)

    def access_token(self, *, renew: bool = False) -> str:
        """Return an access token.

        Args:
            renew: a server refused the last one. A token less than a minute old is not renewed again.

        Raises:
            TokenUnavailable: there is none; its text says what to do.
        """
        return run_sync(self._lifecycle.token(renew=renew))

    def authorize(self, consent: Consent = _DEFAULT_CONSENT) -> Token:
        """Obtain a token, with a person where the grant needs one, and keep it.

        Raises:
            TokenUnavailable: the person or the provider gave none.
        """
        token = run_sync(obtain(self._world, self._parameters, consent, open_browser=open_browser))
        run_sync(self._lifecycle.keep(token))
        return token

    def sign_out(self, *, revoke: bool = True) -> None:
        """Forget the token; with `revoke`, give it back to the provider first.

        Raises:
            TokenUnavailable: the provider did not take it; it is kept.
            ConfigError: the provider has no address for that.
        """
        run_sync(self._lifecycle.end(revoked=revoke))


class AsyncTokenKeeper:
    """Keeps the token of one account: give it to sessions as `auth=`.

    Renews the token five to six minutes before it expires, and when a server refuses it: once, however many
    tasks of one event loop and processes ask. A new refresh token is stored before anything else.
    Safe to share.

    Args:
        parameters: what to obtain, and where.
        store: where tokens are kept, a `TokenFolder` or `TokenKeyring`; by default in memory.
        account: the name of this token in the store, such as the mail address.
        timeout: seconds for one question to the provider.
        ca_file: PEM file of the authorities to trust instead of the system's.

    Raises:
        ConfigError: `ca_file` cannot be used.
    """

    def __init__(
        self,
        parameters: OAuth2Parameters,
        *,
        store: TokenStore | None = None,
        account: str = "default",
        timeout: float = 30.0,
        ca_file: str | PathLike[str] | None = None,
    ) -> None:
        # Imported here: whoever uses the blocking class alone does not wait for asyncio.
        from envoi.drivers.oauth_world_aio import AsyncioWorld

        self._parameters = parameters
        self._world = AsyncioWorld(HTTPOptions(timeout=timeout, ca_file=ca_file))
        self._lifecycle = Lifecycle(self._world, parameters, store or TokenMemory(), account)

    @property
    def status(self) -> TokenStatus:
        """How the account stands: valid, expiring, or in need of a person, why, and since when."""
        return self._lifecycle.status()

    async def token(self, *, renew: bool) -> str:
        """Return an access token to the session that this was given to; others call `access_token`.

        Raises:
            TokenUnavailable: there is none; its text says what to do.
        """
        return await self._lifecycle.token(renew=renew)

    async def access_token(self, *, renew: bool = False) -> str:
        """Return an access token.

        Args:
            renew: a server refused the last one. A token less than a minute old is not renewed again.

        Raises:
            TokenUnavailable: there is none; its text says what to do.
        """
        return await self._lifecycle.token(renew=renew)

    async def authorize(self, consent: Consent = _DEFAULT_CONSENT) -> Token:
        """Obtain a token, with a person where the grant needs one, and keep it.

        Raises:
            TokenUnavailable: the person or the provider gave none.
        """
        token = await obtain(self._world, self._parameters, consent, open_browser=open_browser)
        await self._lifecycle.keep(token)
        return token

    async def sign_out(self, *, revoke: bool = True) -> None:
        """Forget the token; with `revoke`, give it back to the provider first.

        Raises:
            TokenUnavailable: the provider did not take it; it is kept.
            ConfigError: the provider has no address for that.
        """
        await self._lifecycle.end(revoked=revoke)


def authorize(
    parameters: OAuth2Parameters,
    consent: Consent = _DEFAULT_CONSENT,
    *,
    timeout: float = 30.0,
    ca_file: str | PathLike[str] | None = None,
) -> Token:
    """Obtain a token and keep nothing; `TokenKeeper.authorize` keeps it.

    Args:
        parameters: what to obtain, and where.
        consent: how to reach the person, where the grant needs one.
        timeout: seconds for one question to the provider.
        ca_file: PEM file of the authorities to trust instead of the system's.

    Raises:
        TokenUnavailable: the person or the provider gave none.
    """
    world = BlockingWorld(HTTPOptions(timeout=timeout, ca_file=ca_file))
    return run_sync(obtain(world, parameters, consent, open_browser=open_browser))


async def authorize_async(
    parameters: OAuth2Parameters,
    consent: Consent = _DEFAULT_CONSENT,
    *,
    timeout: float = 30.0,
    ca_file: str | PathLike[str] | None = None,
) -> Token:
    """Obtain a token and keep nothing; `authorize` for asyncio."""
    from envoi.drivers.oauth_world_aio import AsyncioWorld

    world = AsyncioWorld(HTTPOptions(timeout=timeout, ca_file=ca_file))
    return await obtain(world, parameters, consent, open_browser=open_browser)


def discover(
    issuer: str, *, timeout: float = 30.0, ca_file: str | PathLike[str] | None = None
) -> ServerMetadata:
    """Ask an authorization server for its addresses (RFC 8414, OpenID Connect Discovery).

    Args:
        issuer: the server's name, an ``https://`` address.
        timeout: seconds for one question.
        ca_file: PEM file of the authorities to trust instead of the system's.

    Raises:
        ConfigError: it describes none, or another.
        TokenUnavailable: nobody answered.
    """
    world = BlockingWorld(HTTPOptions(timeout=timeout, ca_file=ca_file))
    return run_sync(discovery.discover(world, issuer))


async def discover_async(
    issuer: str, *, timeout: float = 30.0, ca_file: str | PathLike[str] | None = None
) -> ServerMetadata:
    """Ask an authorization server for its addresses; `discover` for asyncio."""
    from envoi.drivers.oauth_world_aio import AsyncioWorld

    return await discovery.discover(AsyncioWorld(HTTPOptions(timeout=timeout, ca_file=ca_file)), issuer)


def register_client(
    metadata: ServerMetadata,
    *,
    name: str,
    grant: Grant = Grant.AUTHORIZATION_CODE,
    scope: str = "",
    initial_access_token: str | None = None,
    timeout: float = 30.0,
    ca_file: str | PathLike[str] | None = None,
) -> ClientCredentials:
    """Register this program with an authorization server that lets programs do so (RFC 7591).

    Args:
        metadata: what `discover` found; it has to have a `registration_url`.
        name: what people read on the consent page.
        grant: how it will obtain tokens; one with a person makes it a public client.
        scope: what it will ask for, separated by blanks; empty for whatever the server allows.
        initial_access_token: lets it in where not everybody may register.
        timeout: seconds for one question.
        ca_file: PEM file of the authorities to trust instead of the system's.

    Raises:
        ConfigError: the server registers nobody, not this client, or not for this grant.
        TokenUnavailable: nobody answered.
    """
    world = BlockingWorld(HTTPOptions(timeout=timeout, ca_file=ca_file))
    return run_sync(
        registration.register_client(
            world,
            metadata,
            name=name,
            grant=grant,
            scope=scope,
            initial_access_token=initial_access_token,
        )
    )


async def register_client_async(
    metadata: ServerMetadata,
    *,
    name: str,
    grant: Grant = Grant.AUTHORIZATION_CODE,
    scope: str = "",
    initial_access_token: str | None = None,
    timeout: float = 30.0,
    ca_file: str | PathLike[str] | None = None,
) -> ClientCredentials:
    """Register this program with an authorization server; `register_client` for asyncio."""
    from envoi.drivers.oauth_world_aio import AsyncioWorld

    world = AsyncioWorld(HTTPOptions(timeout=timeout, ca_file=ca_file))
    return await registration.register_client(
        world, metadata, name=name, grant=grant, scope=scope, initial_access_token=initial_access_token
    )


def token_folder(
    folder: str | PathLike[str], *, passphrase: str | None = None, keyring: bool = False
) -> TokenFolder:
    """Return a folder of token files, encrypted where there is something to encrypt them with.

    Args:
        folder: made, for the user alone, when there is none.
        passphrase: encrypts the files.
        keyring: encrypts them with a random key that the operating system's keyring keeps.

    Raises:
        ConfigError: both were given, or there is no keyring.
    """
    key = keyring_key() if keyring else None
    sealed = passphrase is not None or key is not None
    return TokenFolder(
        folder, seal=Seal(draw=random_bytes, key=key, passphrase=passphrase) if sealed else None
    )
