"""`OAuth2Parameters`, `AuthToken` and the functions that obtain, renew and give back tokens.

Over `envoi.oauth`: authorization code with PKCE, a loopback listener that catches the code, and a keeper that
renews the token by itself while a session uses it. Works on every platform, Linux included.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qsl

from envoi import oauth
from envoi.errors import EnvoiError
from envoi.wlanguage.bilingual import Alias
from envoi.wlanguage.constants import ResponseType
from envoi.wlanguage.last_error import leaves_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from os import PathLike

__all__ = [
    "AuthIdentifie",
    "AuthIdentify",
    "AuthRefreshToken",
    "AuthRenouvelleToken",
    "AuthRevokeToken",
    "AuthRévoqueToken",
    "AuthToken",
    "OAuth2Parameters",
    "OAuth2Paramètres",
]


@dataclass(slots=True, kw_only=True)
class OAuth2Parameters:
    """What has to be known to obtain a token.

    Attributes:
        ClientID: the name the program is registered under at the provider.
        ClientSecret: its secret; empty for a public client.
        AuthURL, URLAuth: where a person signs in.
        TokenURL, URLToken: where tokens are given out.
        RedirectionURL, URLRedirection: ``http://localhost:<port>``, where the code is caught; port 0 takes a
            free one.
        Scope: what is asked for, separated by blanks.
        ResponseType, TypeRéponse: `oauth2ResponseTypeCode`, the only one that is safe.
        AdditionalParameters, ParamètresSupplémentaires: ``name=value&name=value`` for the sign-in address.
        RevocationURL, URLRévocation: where `AuthRevokeToken` gives tokens back; not in the original.
        TokenFolder, DossierJeton: a folder in which the token is kept for the next run; empty to keep it in
            memory. Not in the original, whose programs keep tokens themselves.
    """

    ClientID: str = ""
    ClientSecret: str = field(default="", repr=False)
    AuthURL: str = ""
    TokenURL: str = ""
    RedirectionURL: str = "http://localhost:0/"
    Scope: str = ""
    ResponseType: int = ResponseType.CODE
    AdditionalParameters: str = ""
    RevocationURL: str = ""
    TokenFolder: str | PathLike[str] = ""

    URLAuth = Alias[str]("AuthURL")
    URLToken = Alias[str]("TokenURL")
    URLRedirection = Alias[str]("RedirectionURL")
    TypeRéponse = Alias[int]("ResponseType")
    ParamètresSupplémentaires = Alias[str]("AdditionalParameters")
    URLRévocation = Alias[str]("RevocationURL")
    DossierJeton = Alias["str | PathLike[str]"]("TokenFolder")

    def parameters(self) -> oauth.OAuth2Parameters:
        """The same, checked, as `envoi.oauth` takes it.

        Raises:
            ConfigError: a value is missing or unsafe.
        """
        return oauth.OAuth2Parameters(
            client_id=self.ClientID,
            client_secret=self.ClientSecret or None,
            authorization_url=self.AuthURL,
            token_url=self.TokenURL,
            redirection_url=self.RedirectionURL,
            scope=self.Scope,
            response_type="code" if self.ResponseType == ResponseType.CODE else str(self.ResponseType),
            additional_parameters=dict(parse_qsl(self.AdditionalParameters, keep_blank_values=True)),
            revocation_url=self.RevocationURL,
        )


OAuth2Paramètres = OAuth2Parameters
_NO_TOKEN = cast("AuthToken | None", None)


class AuthToken:
    """A token, which a session keeps fresh: given to one as its `AuthToken`, it is renewed before it expires.

    Attributes:
        Value, Valeur: the access token.
        Valid, Valide: whether it can be used, renewed first if need be.
        ExpirationDate, DateExpiration: when it ends; None when the provider did not say.
        Refresh, Actualisation: what a new one is had for; empty when a person must sign in again.
    """

    __slots__ = ("_token", "keeper")

    def __init__(self, keeper: oauth.TokenKeeper, token: oauth.Token | None = None) -> None:
        self.keeper = keeper
        self._token = token

    @property
    def Value(self) -> str:
        """The access token; empty when none can be had, which `ErrorInfo` then explains."""
        return _value(self)

    @property
    def Valid(self) -> bool:
        """Whether it can be used, renewed first if need be."""
        return bool(_value(self))

    @property
    def ExpirationDate(self) -> datetime | None:
        """When it ends."""
        return self.keeper.status.expires_at

    @property
    def Refresh(self) -> str:
        """What a new one is had for, as it was when a person signed in."""
        return (self._token.refresh_token or "") if self._token is not None else ""

    Valeur, Valide, DateExpiration, Actualisation = Value, Valid, ExpirationDate, Refresh

    def RefreshToken(self) -> AuthToken | None:
        """Obtain a new access token; see `AuthRefreshToken`."""
        return AuthRefreshToken(self)

    def RevokeToken(self) -> bool:
        """Give the token back; see `AuthRevokeToken`."""
        return AuthRevokeToken(self)

    RenouvelleToken, RévoqueToken = RefreshToken, RevokeToken

    def __bool__(self) -> bool:
        return self.Valid

    def __repr__(self) -> str:
        return f"<AuthToken {self.keeper.status.state.value}>"


@leaves_error(otherwise="")
def _value(token: AuthToken) -> str:
    return token.keeper.access_token()


def AuthIdentify(
    parameters: OAuth2Parameters, procedure: Callable[[AuthToken | None], object] | None = None
) -> AuthToken | None:
    """Let a person sign in with the browser, and return the token; None when there is none.

    `ErrorInfo` then says why.     A token that `TokenFolder` still holds is returned without asking anybody.

    Args:
        parameters: the program and its provider.
        procedure: called with the result, from another thread; then the function returns None at once.
    """
    if procedure is None:
        return _identified(parameters)
    done = procedure
    threading.Thread(target=lambda: done(_identified(parameters)), name="AuthIdentify").start()
    return None


@leaves_error(otherwise=_NO_TOKEN)
def _identified(parameters: OAuth2Parameters) -> AuthToken | None:
    folder = parameters.TokenFolder
    checked = parameters.parameters()
    keeper = oauth.TokenKeeper(
        checked, store=oauth.token_folder(folder) if folder else None, account=checked.client_id
    )
    if folder:
        try:
            keeper.access_token()
        except EnvoiError:
            pass  # nothing is kept, or it is of no use any more: a person is asked
        else:
            return AuthToken(keeper)
    return AuthToken(keeper, keeper.authorize())


@leaves_error(otherwise=_NO_TOKEN)
def AuthRefreshToken(token: AuthToken) -> AuthToken | None:
    """Obtain a new access token; None when a person must sign in again. A session does this by itself."""
    token.keeper.access_token(renew=True)
    return token


@leaves_error(otherwise=False)
def AuthRevokeToken(token: AuthToken) -> bool:
    """Give the token back to the provider, whose `RevocationURL` must be known, and forget it."""
    token.keeper.sign_out()
    return True


AuthIdentifie, AuthRenouvelleToken, AuthRévoqueToken = AuthIdentify, AuthRefreshToken, AuthRevokeToken
