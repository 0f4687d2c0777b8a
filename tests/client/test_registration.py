"""A program that registers itself with a real provider, and what it can do then (RFC 7591)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from envoi import ConfigError
from envoi.oauth import (
    Consent,
    Grant,
    TokenKeeper,
    authorize,
    discover,
    register_client,
    register_client_async,
)
from tests.client.browsers import browser
from tests.client.test_oauth import COLOURS, obtained
from tests.servers.listeners import ALICE

if TYPE_CHECKING:
    from tests.servers.oidc_provider import OIDCProvider

pytestmark = pytest.mark.programs("node")


@COLOURS
def test_a_program_registers_itself_and_signs_in(colour: str, oidc_provider: OIDCProvider) -> None:
    found = discover(oidc_provider.issuer)
    scope = "openid offline_access mail"
    if colour == "blocking":
        client = register_client(found, name="A program", scope=scope)
    else:
        client = asyncio.run(register_client_async(found, name="A program", scope=scope))
    assert client.client_secret is None
    parameters = found.parameters(
        client.client_id,
        scope=scope,
        additional_parameters={"prompt": "consent", "login_hint": ALICE.address},
    )
    token = obtained(colour, parameters, Consent(open_url=browser, timeout=60))
    assert token.refresh_token is not None
    keeper = TokenKeeper(parameters)
    keeper.authorize(Consent(open_url=browser, timeout=60))
    assert keeper.access_token(renew=True)
    keeper.sign_out()


def test_a_registered_daemon_gets_its_secret(oidc_provider: OIDCProvider) -> None:
    found = discover(oidc_provider.issuer)
    client = register_client(found, name="A daemon", grant=Grant.CLIENT_CREDENTIALS, scope="mail")
    assert client.client_secret
    parameters = found.parameters(
        client.client_id,
        client_secret=client.client_secret,
        grant=Grant.CLIENT_CREDENTIALS,
        scope="mail",
    )
    assert authorize(parameters).access_token
    with pytest.raises(ConfigError, match="invalid_client_metadata"):
        register_client(found, name="A daemon", scope="of another world")
