"""An exchange guards the edges of its script, and base64 is read strictly."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import EnvoiError, Phase, RemoteProtocolError
from envoi.smtp.sasl import decode_challenge
from tests.smtp.sasl.dialogues import ALICE, BEARER, CERTIFIED, KNOWN, channel

if TYPE_CHECKING:
    from envoi.smtp.sasl import Exchange


def test_refuses_a_challenge_when_everything_is_said() -> None:
    exchange = KNOWN["PLAIN"].start(ALICE, channel())
    exchange.begin()
    with pytest.raises(RemoteProtocolError, match="more than the mechanism has to say") as caught:
        exchange.respond(b"and your shoe size?")
    assert caught.value.phase is Phase.AUTH


@pytest.mark.parametrize("name", ["LOGIN", "CRAM-MD5", "SCRAM-SHA-256"])
def test_refuses_to_be_accepted_before_the_mechanism_is_through(name: str) -> None:
    exchange = KNOWN[name].start(ALICE, channel())
    exchange.begin()
    with pytest.raises(RemoteProtocolError, match="accepted the login before"):
        exchange.finish()


def test_refuses_to_be_accepted_between_user_name_and_password() -> None:
    exchange = KNOWN["LOGIN"].start(ALICE, channel())
    assert exchange.begin() is None
    assert exchange.respond(b"User Name\0") == b"alice"
    with pytest.raises(RemoteProtocolError):
        exchange.finish()


@pytest.mark.parametrize(
    ("name", "credentials"),
    [(name, ALICE) for name in ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256")]
    + [("OAUTHBEARER", BEARER), ("XOAUTH2", BEARER), ("EXTERNAL", CERTIFIED)],
)
@given(challenges=st.lists(st.binary(max_size=200), min_size=1, max_size=6))
def test_stays_within_the_error_tree_whatever_the_server_says(name, credentials, challenges) -> None:
    exchange = KNOWN[name].start(credentials, channel())
    exchange.begin()
    error = answer(exchange, challenges)
    for secret in (b"open sesame", b"ya29.token"):
        assert secret not in str(error).encode()
        assert secret not in pickle.dumps(error)


def answer(exchange: Exchange, challenges: list[bytes]) -> EnvoiError | None:
    try:
        for challenge in challenges:
            exchange.respond(challenge)
        exchange.finish()
    except EnvoiError as error:
        return error
    return None


@pytest.mark.parametrize(
    "text", ["a", "ab==c", "=", "YQ", "YQ=", " YQ==", "YQ==\n", "Y-_=", "é", b"\xff\x00"]
)
def test_refuses_what_is_not_base64(text: str | bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="not valid base64") as caught:
        decode_challenge(text)
    assert caught.value.phase is Phase.AUTH


def test_an_empty_challenge_is_a_challenge() -> None:
    assert decode_challenge("") == b""
    assert decode_challenge(b"YQ==") == b"a"
