"""`OAuth2Parameters`, `AuthToken` and the functions on them, against a real provider."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from envoi import ConfigError, TokenUnavailable
from envoi.oauth import discover
from envoi.wlanguage import (
    AuthIdentifie,
    AuthIdentify,
    AuthRefreshToken,
    AuthRevokeToken,
    ErrorInfo,
    OAuth2Parameters,
    OAuth2Paramètres,
    oauth2ResponseTypeCode,
)
from tests.client.browsers import browser

if TYPE_CHECKING:
    from pathlib import Path

    from envoi.wlanguage import AuthToken
    from tests.servers.oidc_provider import OIDCProvider

pytestmark = pytest.mark.programs("node")


@pytest.fixture
def parameters(oidc_provider: OIDCProvider, monkeypatch: pytest.MonkeyPatch) -> OAuth2Parameters:
    oidc_provider.fail_with()
    oidc_provider.token_requests()
    monkeypatch.setattr("envoi.client.oauth.open_browser", browser)
    found = discover(oidc_provider.issuer)
    made = OAuth2Paramètres()
    made.ClientID = "desktop"
    made.URLAuth, made.URLToken = found.authorization_url, found.token_url
    made.URLRévocation = found.revocation_url
    made.Scope = "openid offline_access mail"
    made.TypeRéponse = oauth2ResponseTypeCode
    made.ParamètresSupplémentaires = "prompt=consent"
    return made


def test_the_secret_is_not_shown() -> None:
    assert "hush" not in repr(OAuth2Parameters(ClientID="me", ClientSecret="hush"))


def test_a_person_signs_in(parameters: OAuth2Parameters) -> None:
    token = AuthIdentifie(parameters)
    assert token, ErrorInfo()
    assert token.Valide
    assert token.Valeur.count(".") == 2
    assert token.Actualisation == token.Refresh != ""
    assert token.DateExpiration is not None
    assert token.Value not in repr(token)


def test_a_token_is_renewed_and_given_back(parameters: OAuth2Parameters, oidc_provider: OIDCProvider) -> None:
    token = AuthIdentify(parameters)
    assert token is not None
    oidc_provider.token_requests()
    assert AuthRefreshToken(token) is token
    assert token.RenouvelleToken() is token
    assert token.Value
    assert AuthRevokeToken(token), ErrorInfo()
    assert token.Value == ""
    assert isinstance(ErrorInfo().exception, TokenUnavailable)
    assert token.RefreshToken() is None


def test_a_token_in_a_folder_is_there_the_next_time(
    parameters: OAuth2Parameters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters.DossierJeton = tmp_path / "tokens"
    first = AuthIdentify(parameters)
    assert first is not None, ErrorInfo()

    def nobody(url: str) -> None:
        raise AssertionError("nobody should be asked")

    monkeypatch.setattr("envoi.client.oauth.open_browser", nobody)
    again = AuthIdentify(parameters)
    assert again is not None, ErrorInfo()
    assert again.Value == first.Value
    assert again.RévoqueToken(), ErrorInfo()


def test_who_declines_leaves_no_token(parameters: OAuth2Parameters) -> None:
    parameters.AdditionalParameters = "login_hint=nobody"
    assert AuthIdentify(parameters) is None
    assert "declined" in ErrorInfo()


def test_a_missing_client_is_explained() -> None:
    assert AuthIdentify(OAuth2Parameters()) is None
    assert isinstance(ErrorInfo().exception, ConfigError)
    assert AuthIdentify(OAuth2Parameters(ClientID="me", ResponseType=7)) is None
    assert "response_type" in ErrorInfo()


def test_a_procedure_is_told_later(parameters: OAuth2Parameters) -> None:
    told = threading.Event()
    tokens: list[AuthToken | None] = []

    def procedure(token: AuthToken | None) -> None:
        tokens.append(token)
        told.set()

    assert AuthIdentify(parameters, procedure) is None
    assert told.wait(60)
    assert tokens[0]
