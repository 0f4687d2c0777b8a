"""Accounts as arguments of a session: `SMTPSession.from_account` over the configuration file.

Composition alone: the file, the place of the password or the keeper of the token, in the colour of the
session, and the key that mails are signed with. What an account is, is in `envoi.session.account`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envoi.drivers.account_file import AccountFile
from envoi.drivers.dkim_key_file import load_signer
from envoi.drivers.password_places import fetch_password
from envoi.errors import ConfigError
from envoi.ports import TLSOptions

if TYPE_CHECKING:
    from envoi.client.oauth import AsyncTokenKeeper, TokenKeeper
    from envoi.drivers.token_folder import TokenFolder
    from envoi.oauth.parameters import Grant, OAuth2Parameters
    from envoi.session.account import Account, OAuthClient
    from envoi.session.settings import SessionArguments, SessionOptions

__all__ = [
    "ISSUER_SCOPE",
    "account_arguments",
    "account_tokens",
    "async_keeper",
    "issuer_of",
    "keeper",
    "token_parameters",
    "token_passphrase",
]

_TOKENS = "tokens"
"""The folder beside the configuration file where tokens are kept."""
ISSUER_SCOPE = "openid offline_access"


def account_arguments(
    account: Account, options: SessionOptions, *, asynchronous: bool = False
) -> SessionArguments:
    """Return the arguments of the session that an account describes; `options` go before it.

    Raises:
        ConfigError: its password cannot be had, its provider is not known, or its DKIM key is unusable.
    """
    pair = isinstance(options.get("auth"), tuple)
    arguments: SessionArguments = {
        "host": account.server,
        "port": account.port,
        "security": account.security,
        "protocol": "smtp",
        "username": None if pair else account.username or None,
        **options,
    }
    if account.ca_file and "tls" not in options:
        arguments["tls"] = TLSOptions(ca_file=account.ca_file)
    if options.get("password") is None and options.get("auth") is None:
        if account.password is not None:
            arguments["password"] = fetch_password(account.password, account.username)
        elif account.oauth is not None:
            arguments["auth"] = async_keeper(account) if asynchronous else keeper(account)
    if account.dkim is not None and "signer" not in options:
        arguments["signer"] = load_signer(account.dkim)
    return arguments


def keeper(account: Account, grant: Grant | None = None) -> TokenKeeper:
    """Return who keeps the token of an account; the grant matters to whoever signs in.

    Raises:
        ConfigError: it has no OAuth 2.0 client, or its provider is not known.
    """
    from envoi.client.oauth import TokenKeeper

    return TokenKeeper(token_parameters(account, grant), store=account_tokens(account), account=account.name)


def async_keeper(account: Account) -> AsyncTokenKeeper:
    """Return who keeps the token of an account, for asyncio; see `keeper`."""
    from envoi.client.oauth import AsyncTokenKeeper

    return AsyncTokenKeeper(token_parameters(account), store=account_tokens(account), account=account.name)


def account_tokens(account: Account) -> TokenFolder:
    """Return where the token of an account is kept, encrypted as the account or the environment says.

    Raises:
        ConfigError: it is encrypted with a key of the keyring, and there is no keyring.
    """
    from envoi.client.oauth import token_folder

    keyring = account.oauth is not None and account.oauth.keyring
    passphrase = None if keyring else token_passphrase()
    return token_folder(AccountFile().path.parent / _TOKENS, passphrase=passphrase, keyring=keyring)


def token_passphrase() -> str | None:
    """Return what encrypts the tokens of accounts without a keyring: ``ENVOI_TOKEN_PASSPHRASE``, or None."""
    return os.environ.get("ENVOI_TOKEN_PASSPHRASE") or None


def issuer_of(client: OAuthClient) -> str:
    """Return the issuer that gives an account its tokens.

    Raises:
        ConfigError: the table does not know it.
    """
    from envoi.discovery.table import by_domain

    provider = by_domain(client.provider)
    server = None if provider is None else provider.authorization
    found = client.issuer or ("" if server is None else server.issuer)
    if not found:
        raise ConfigError(f"the issuer of {client.provider!r} is not known: give its address")
    return found


def token_parameters(account: Account, grant: Grant | None = None) -> OAuth2Parameters:
    """Return how tokens are obtained for an account, with a browser by default.

    Raises:
        ConfigError: it has no OAuth 2.0 client, or the table does not know its provider's addresses.
    """
    from envoi.oauth.parameters import Grant

    client = account.oauth
    if client is None:
        raise ConfigError(f"the account {account.name!r} has no OAuth 2.0 client")
    make = _by_issuer if client.issuer else _by_table
    return make(client, account.username, grant or Grant.AUTHORIZATION_CODE)


def _by_issuer(client: OAuthClient, username: str, grant: Grant) -> OAuth2Parameters:
    """The addresses are left to be looked up when somebody is asked."""
    from envoi.oauth.parameters import OAuth2Parameters

    return OAuth2Parameters(
        client_id=client.client_id,
        client_secret=client.client_secret or None,
        issuer=client.issuer,
        scope=client.scope or ISSUER_SCOPE,
        # Without a consent there is no refresh token (OpenID Connect Core §11); the hint spares a question.
        additional_parameters={"prompt": "consent", "login_hint": username},
        grant=grant,
    )


def _by_table(client: OAuthClient, username: str, grant: Grant) -> OAuth2Parameters:
    from envoi.discovery.table import by_domain
    from envoi.oauth.parameters import OAuth2Parameters

    provider = by_domain(client.provider)
    server = None if provider is None else provider.authorization
    if server is None:
        raise ConfigError(
            f"the authorization server of {client.provider!r} is not known: give its issuer instead"
        )
    return OAuth2Parameters(
        client_id=client.client_id,
        client_secret=client.client_secret or None,
        authorization_url=server.authorization_url,
        token_url=server.token_url,
        device_authorization_url=server.device_authorization_url,
        revocation_url=server.revocation_url,
        issuer=server.issuer,
        scope=client.scope or server.scope,
        additional_parameters={
            **server.additional_parameters,
            **({"login_hint": username} if server.login_hint else {}),
        },
        grant=grant,
    )
