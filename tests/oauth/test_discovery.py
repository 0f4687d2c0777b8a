from __future__ import annotations

from typing import Any

import pytest

from envoi.errors import ConfigError, Retry, TokenUnavailable
from envoi.oauth.discovery import ServerMetadata, completed, discover
from envoi.oauth.parameters import Grant, OAuth2Parameters
from envoi.oauth.ports import HTTPAnswer
from envoi.session.run import run_sync
from tests.oauth.stage import answered, world

ISSUER = "https://login.example.org/realms/mail"
DOCUMENT: dict[str, Any] = {
    "issuer": ISSUER,
    "token_endpoint": f"{ISSUER}/token",
    "authorization_endpoint": f"{ISSUER}/auth",
    "registration_endpoint": f"{ISSUER}/register",
    "authorization_response_iss_parameter_supported": True,
    "device_authorization_endpoint": 7,
}


def test_reads_the_addresses() -> None:
    staged = world(answered(**DOCUMENT))
    found = run_sync(discover(staged, ISSUER))
    assert found == ServerMetadata(
        issuer=ISSUER,
        token_url=f"{ISSUER}/token",
        authorization_url=f"{ISSUER}/auth",
        registration_url=f"{ISSUER}/register",
        issuer_is_sent=True,
    )
    assert staged.http.asked[0][0] == f"{ISSUER}/.well-known/openid-configuration"
    given = found.parameters("me", scope="mail")
    assert (given.client_id, given.issuer, given.issuer_is_sent) == ("me", ISSUER, True)


def test_looks_where_oauth_has_it_too() -> None:
    staged = world(answered(404), answered(**DOCUMENT))
    run_sync(discover(staged, ISSUER))
    wanted = "https://login.example.org/.well-known/oauth-authorization-server/realms/mail"
    assert staged.http.asked[1][0] == wanted


@pytest.mark.parametrize("answer", [answered(404), HTTPAnswer(status=200, body=b"<html>")])
def test_says_when_there_is_none(answer: HTTPAnswer) -> None:
    with pytest.raises(ConfigError, match="no description"):
        run_sync(discover(world(answer, answer), ISSUER))


def test_a_description_of_somebody_else_is_not_believed() -> None:
    foreign: dict[str, Any] = {**DOCUMENT, "issuer": "https://evil.example"}
    with pytest.raises(ConfigError, match="another issuer"):
        run_sync(discover(world(answered(**foreign)), ISSUER))


def test_an_issuer_is_asked_over_tls() -> None:
    with pytest.raises(ConfigError, match="https://"):
        run_sync(discover(world(), "http://login.example.org"))


def test_a_server_without_a_token_endpoint_is_of_no_use() -> None:
    with pytest.raises(ConfigError, match="token_endpoint"):
        run_sync(discover(world(answered(issuer=ISSUER)), ISSUER))


def test_a_busy_server_is_not_one_without_a_description() -> None:
    with pytest.raises(TokenUnavailable, match="in 7 s") as caught:
        run_sync(discover(world(answered(503, {"retry-after": "7"})), ISSUER))
    assert caught.value.retry is Retry.LATER


def test_addresses_are_looked_up_where_there_are_none() -> None:
    given = OAuth2Parameters(client_id="me", issuer=ISSUER, scope="mail")
    staged = world(answered(**DOCUMENT))
    found = run_sync(completed(staged, given))
    assert (found.token_url, found.issuer_is_sent, found.scope) == (f"{ISSUER}/token", True, "mail")
    assert run_sync(completed(staged, found)) is found


def test_an_issuer_without_the_grant_is_of_no_use() -> None:
    given = OAuth2Parameters(client_id="me", issuer=ISSUER, grant=Grant.DEVICE_CODE)
    with pytest.raises(ConfigError, match="needs device_authorization_url"):
        run_sync(completed(world(answered(**DOCUMENT)), given))
