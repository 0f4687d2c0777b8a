"""OAuth 2.0: obtain a token, keep it, renew it once for all threads and processes, give it back.

The public face of the room; names are fetched when they are first used, those of the drivers and the
two colours from the layers above. Needs the extra ``oauth``, the adapters for other libraries' objects
excepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi._face import face

if TYPE_CHECKING:
    from envoi.client.oauth import (
        AsyncTokenKeeper,
        TokenKeeper,
        authorize,
        authorize_async,
        discover,
        discover_async,
        register_client,
        register_client_async,
        token_folder,
    )
    from envoi.drivers.token_folder import TokenFolder
    from envoi.drivers.token_keyring import TokenKeyring
    from envoi.drivers.token_memory import TokenMemory
    from envoi.oauth.consent import Consent
    from envoi.oauth.device import DeviceCode
    from envoi.oauth.discovery import ServerMetadata
    from envoi.oauth.parameters import ClientAuthentication, Grant, OAuth2Parameters
    from envoi.oauth.registration import ClientCredentials
    from envoi.oauth.token import Token, TokenState, TokenStatus
    from envoi.session.foreign_tokens import authlib_token, azure_token, google_token, msal_token

__all__ = [
    "AsyncTokenKeeper",
    "ClientAuthentication",
    "ClientCredentials",
    "Consent",
    "DeviceCode",
    "Grant",
    "OAuth2Parameters",
    "ServerMetadata",
    "Token",
    "TokenFolder",
    "TokenKeeper",
    "TokenKeyring",
    "TokenMemory",
    "TokenState",
    "TokenStatus",
    "authlib_token",
    "authorize",
    "authorize_async",
    "azure_token",
    "discover",
    "discover_async",
    "google_token",
    "msal_token",
    "register_client",
    "register_client_async",
    "token_folder",
]

_ROOMS = {
    "ClientAuthentication": "oauth.parameters",
    "ClientCredentials": "oauth.registration",
    "Consent": "oauth.consent",
    "DeviceCode": "oauth.device",
    "Grant": "oauth.parameters",
    "OAuth2Parameters": "oauth.parameters",
    "ServerMetadata": "oauth.discovery",
    "Token": "oauth.token",
    "TokenFolder": "drivers.token_folder",
    "TokenKeyring": "drivers.token_keyring",
    "TokenMemory": "drivers.token_memory",
    "TokenState": "oauth.token",
    "TokenStatus": "oauth.token",
    "authlib_token": "session.foreign_tokens",
    "azure_token": "session.foreign_tokens",
    "google_token": "session.foreign_tokens",
    "msal_token": "session.foreign_tokens",
}

__getattr__, __dir__ = face(__name__, __all__, _ROOMS, "client.oauth")
