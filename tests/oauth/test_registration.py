from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from envoi.errors import ConfigError, Retry, TokenUnavailable
from envoi.oauth.discovery import ServerMetadata
from envoi.oauth.parameters import Grant
from envoi.oauth.ports import HTTPAnswer
from envoi.oauth.registration import ClientCredentials, register_client
from envoi.session.run import run_sync
from tests.oauth.stage import answered, world

if TYPE_CHECKING:
    from tests.oauth.stage import StillWorld

METADATA = ServerMetadata(
    issuer="https://login.example.org",
    token_url="https://login.example.org/token",
    registration_url="https://login.example.org/register",
)
LET_IN = "let-me-in-1001"


def registered(staged: StillWorld, metadata: ServerMetadata = METADATA, **options: Any) -> ClientCredentials:
    return run_sync(register_client(staged, metadata, name="A program", **options))


def test_a_program_with_a_browser_is_a_public_client() -> None:
    staged = world(answered(201, client_id="new"))
    assert registered(staged, scope="mail") == ClientCredentials(client_id="new")
    ((url, content, headers),) = staged.http.asked
    assert (url, headers) == (METADATA.registration_url, {})
    assert content == {
        "client_name": "A program",
        "application_type": "native",
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "redirect_uris": ["http://127.0.0.1/", "http://[::1]/"],
        "scope": "mail",
    }


def test_every_grant_with_a_client_can_be_registered() -> None:
    for grant, type_ in (
        (Grant.DEVICE_CODE, "urn:ietf:params:oauth:grant-type:device_code"),
        (Grant.CLIENT_CREDENTIALS, "client_credentials"),
    ):
        staged = world(answered(200, client_id="new"))
        registered(staged, grant=grant)
        content = staged.http.asked[0][1]
        assert type_ in content["grant_types"]
        assert "scope" not in content
    with pytest.raises(ConfigError, match="no client is registered for the grant service_account"):
        registered(world(), grant=Grant.SERVICE_ACCOUNT)


def test_what_was_given_is_kept_and_not_shown() -> None:
    client = registered(
        world(
            answered(
                201,
                client_id="new",
                client_secret="secret-1",
                client_secret_expires_at=1_800_000_000,
                registration_client_uri="https://login.example.org/register/new",
                registration_access_token="secret-2",
            )
        )
    )
    assert client.client_secret == "secret-1"
    assert client.secret_expires_at == datetime.fromtimestamp(1_800_000_000, UTC)
    assert client.management_url.endswith("/register/new")
    assert client.management_token == "secret-2"
    assert "secret-" not in repr(client)


def test_a_secret_may_be_for_ever() -> None:
    client = registered(world(answered(201, client_id="n", client_secret="s", client_secret_expires_at=0)))
    assert client.secret_expires_at is None


def test_comes_with_what_lets_it_in() -> None:
    staged = world(answered(201, client_id="new"))
    registered(staged, initial_access_token=LET_IN)
    assert staged.http.asked[0][2] == {"authorization": f"Bearer {LET_IN}"}


@pytest.mark.parametrize("status", [401, 403])
def test_says_that_not_everybody_is_let_in(status: int) -> None:
    refusal = answered(status, error="invalid_token", error_description=f"{LET_IN} is no token")
    with pytest.raises(ConfigError, match="initial access token") as caught:
        registered(world(refusal), initial_access_token=LET_IN)
    assert LET_IN not in str(caught.value)


def test_says_what_the_server_does_not_want() -> None:
    refusal = answered(400, error="invalid_client_metadata", error_description="scope must be known")
    with pytest.raises(ConfigError, match="no client: invalid_client_metadata: scope must be known"):
        registered(world(refusal))
    with pytest.raises(ConfigError, match=r"no client: invalid_redirect_uri$"):
        registered(world(answered(400, error="invalid_redirect_uri")))


def test_a_busy_server_may_be_asked_later() -> None:
    with pytest.raises(TokenUnavailable) as caught:
        registered(world(answered(503)))
    assert caught.value.retry is Retry.LATER


@pytest.mark.parametrize("answer", [answered(201), answered(201, client_id=7), HTTPAnswer(status=200)])
def test_a_client_without_a_name_is_none(answer: HTTPAnswer) -> None:
    with pytest.raises(ConfigError, match="without a client_id"):
        registered(world(answer))


def test_not_every_server_registers_programs() -> None:
    without = ServerMetadata(issuer="https://login.example.org", token_url="https://login.example.org/token")
    with pytest.raises(ConfigError, match="registers no programs: a person has to"):
        registered(world(), without)
