from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from envoi.errors import Phase, Retry, TokenUnavailable
from envoi.oauth.device import DeviceCode, sign_in_by_device
from envoi.oauth.parameters import Grant
from envoi.session.run import run_sync
from tests.oauth.stage import NOW, StillWorld, answered, parameters, token_answer, world

if TYPE_CHECKING:
    from envoi.oauth.token import Token

CODE: dict[str, Any] = {
    "device_code": "d3v1c3",
    "user_code": "ABCD-EFGH",
    "verification_uri": "https://login.example.org/device",
    "expires_in": 900,
    "interval": 5,
}
PENDING = answered(400, error="authorization_pending")
SLOW = answered(400, error="slow_down")
SILENCE = TokenUnavailable("silence", phase=Phase.AUTH, retry=Retry.LATER)


def signed_in(staged: StillWorld, show: Any = lambda _: None) -> Token:
    given = parameters(grant=Grant.DEVICE_CODE)
    return run_sync(sign_in_by_device(staged, given, show=show))


def test_shows_the_code_and_asks_until_it_was_typed() -> None:
    staged, shown = world(answered(**CODE), PENDING, PENDING, token_answer()), list[DeviceCode]()

    async def show(code: DeviceCode) -> None:
        shown.append(code)

    assert signed_in(staged, show).access_token == "access-1"
    assert shown == [
        DeviceCode(
            user_code="ABCD-EFGH",
            verification_url="https://login.example.org/device",
            complete_url=None,
            expires_at=NOW + timedelta(seconds=900),
        )
    ]
    assert staged.clock.monotonic() == 15
    assert staged.http.asked[0][1] == {"scope": "mail offline_access", "client_id": "client"}
    assert staged.http.asked[1][1]["device_code"] == "d3v1c3"


def test_slow_down_is_for_good() -> None:
    staged = world(answered(**CODE), SLOW, PENDING, SLOW, token_answer())
    signed_in(staged)
    assert staged.clock.monotonic() == 5 + 10 + 10 + 15


def test_silence_and_business_make_it_rarer() -> None:
    staged = world(answered(**CODE), SILENCE, answered(429, {"retry-after": "60"}), token_answer())
    signed_in(staged)
    assert staged.clock.monotonic() == 5 + 10 + 60


def test_stops_when_the_code_has_expired() -> None:
    short: dict[str, Any] = {**CODE, "expires_in": 12}
    staged = world(answered(**short), PENDING, PENDING)
    with pytest.raises(TokenUnavailable, match=r"expired_token.*new code"):
        signed_in(staged)


@pytest.mark.parametrize(
    "answer", [answered(400, error="access_denied"), answered(400, error="expired_token")]
)
def test_a_refusal_ends_it(answer: Any) -> None:
    with pytest.raises(TokenUnavailable) as caught:
        signed_in(world(answered(**CODE), PENDING, answer))
    assert caught.value.retry is Retry.NEVER


def test_an_answer_that_is_no_token_ends_it() -> None:
    with pytest.raises(TokenUnavailable, match="no token"):
        signed_in(world(answered(**CODE), answered()))


def test_a_server_that_names_no_interval_is_asked_every_five_seconds() -> None:
    staged = world(
        answered(**{key: CODE[key] for key in CODE if key not in {"interval", "expires_in"}}), token_answer()
    )
    signed_in(staged)
    assert staged.clock.monotonic() == 5


def test_an_early_drafts_word_for_the_address_will_do() -> None:
    shown: list[DeviceCode] = []
    old = {**CODE, "verification_url": CODE["verification_uri"], "verification_uri": None}
    signed_in(world(answered(**old), token_answer()), shown.append)
    assert shown[0].verification_url == CODE["verification_uri"]


def test_a_server_that_gives_no_code_says_why() -> None:
    with pytest.raises(TokenUnavailable, match="invalid_scope"):
        signed_in(world(answered(400, error="invalid_scope")))
    with pytest.raises(TokenUnavailable, match="gave no device_code"):
        signed_in(world(answered()))
