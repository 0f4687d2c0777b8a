from __future__ import annotations

import base64

import pytest

from envoi.errors import ConfigError, Retry, TokenUnavailable
from envoi.oauth.endpoint import ask
from envoi.oauth.grants import demand, revoke
from envoi.oauth.parameters import ClientAuthentication, Grant
from envoi.oauth.refusal import Refusal
from envoi.oauth.token import Token
from envoi.session.run import run_sync
from tests.oauth.stage import NOW, StillWorld, answered, parameters, token_answer, world

FORM = {"grant_type": "refresh_token", "refresh_token": "r3fr35h"}


def asked(staged: StillWorld, **changes: object) -> Token | Refusal:
    return run_sync(ask(staged, parameters(**changes), FORM))


def test_a_secret_goes_into_the_form_by_default() -> None:
    staged = world(token_answer())
    asked(staged, client_secret="s3cr3t")
    assert staged.http.asked[0][1] == {**FORM, "client_id": "client", "client_secret": "s3cr3t"}


def test_basic_encodes_both_parts_first() -> None:
    staged = world(token_answer())
    asked(staged, client_id="a:b", client_secret="c d%", client_authentication=ClientAuthentication.BASIC)
    _, form, headers = staged.http.asked[0]
    assert form == FORM
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")) == b"a%3Ab:c+d%25"


def test_a_busy_server_is_asked_three_times_with_pauses() -> None:
    staged = world(answered(503), answered(503, {"retry-after": "4"}), answered(503))
    outcome = asked(staged)
    assert isinstance(outcome, Refusal)
    assert staged.clock.monotonic() == 1 + 4
    with pytest.raises(TokenUnavailable, match="in a while"):
        demand(outcome, parameters())


def test_a_long_pause_is_left_to_whoever_asked() -> None:
    staged = world(answered(429, {"retry-after": "11"}))
    outcome = asked(staged)
    assert isinstance(outcome, Refusal)
    assert outcome.pause_seconds == 11
    assert staged.clock.monotonic() == 0


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"access_token": 1},
        {"access_token": "with\nline"},
        {"access_token": "é"},
        {"access_token": "x", "token_type": "mac"},
    ],
)
def test_what_is_no_token_is_none(answer: dict[str, object]) -> None:
    with pytest.raises(TokenUnavailable, match="no token") as caught:
        asked(world(answered(200, None, **answer)))
    assert caught.value.retry is Retry.NEVER


def test_revoking_needs_an_address() -> None:
    with pytest.raises(ConfigError, match="revocation_url"):
        run_sync(revoke(world(), parameters(revocation_url=""), Token(access_token="a", obtained_at=NOW)))


def test_without_a_refresh_token_the_access_token_is_revoked() -> None:
    staged = world(answered())
    run_sync(revoke(staged, parameters(), Token(access_token="a", obtained_at=NOW)))
    assert staged.http.asked[0][1]["token_type_hint"] == "access_token"


def test_a_program_need_not_name_a_scope() -> None:
    from envoi.oauth.grants import obtain_alone

    staged = world(token_answer())
    run_sync(obtain_alone(staged, parameters(grant=Grant.CLIENT_CREDENTIALS, client_secret="s", scope="")))
    assert "scope" not in staged.http.asked[0][1]
