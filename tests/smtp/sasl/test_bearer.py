"""OAUTHBEARER and XOAUTH2: their shapes, and how they take a refusal."""

from __future__ import annotations

from base64 import b64decode

import pytest

from envoi.errors import RemoteProtocolError, UsageError
from envoi.smtp.sasl import Channel, Credentials, decode_challenge
from tests.smtp.sasl.dialogues import ALICE, BEARER, KNOWN, channel

RFC_7628_REFUSAL = (
    "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJleGFtcGxlX3Njb3BlIiwib3BlbmlkLWNvbmZpZ3VyYXRpb24iOiJodHRwczov"
    "L2V4YW1wbGUuY29tLy53ZWxsLWtub3duL29wZW5pZC1jb25maWd1cmF0aW9uIn0="
)
XOAUTH2_REFUSAL = (
    "eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIG1hYyIsInNjb3BlIjoiaHR0cHM6Ly9tYWlsLmdvb2dsZS5jb20vIn0K"
)


def test_oauthbearer_says_what_rfc_7628_shows() -> None:
    credentials = Credentials(username="user@example.com", token="vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==")
    server = Channel(secure=True, host="server.example.com", port=143, nonce=bytes)
    assert KNOWN["OAUTHBEARER"].start(credentials, server).begin() == b64decode(
        "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRj"
        "Mk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
    )


def test_xoauth2_says_what_its_publisher_shows() -> None:
    credentials = Credentials(
        username="someuser@example.com", token="ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"
    )
    assert KNOWN["XOAUTH2"].start(credentials, channel()).begin() == b64decode(
        "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZ"
        "Mjl0Q2cBAQ=="
    )


def test_oauthbearer_escapes_what_would_end_the_name() -> None:
    credentials = Credentials(username="a=b,c", token="t")
    first = KNOWN["OAUTHBEARER"].start(credentials, channel()).begin()
    assert first == b"n,a=a=3Db=2Cc,\x01host=mail.example.org\x01port=587\x01auth=Bearer t\x01\x01"


def test_oauthbearer_goes_without_a_name() -> None:
    first = KNOWN["OAUTHBEARER"].start(Credentials(token="t"), channel()).begin()
    assert first == b"n,,\x01host=mail.example.org\x01port=587\x01auth=Bearer t\x01\x01"


def test_a_shared_mailbox_goes_before_the_own_one() -> None:
    credentials = Credentials(username="alice", authorization_id="info", token="t")
    assert KNOWN["XOAUTH2"].start(credentials, channel()).begin() == b"user=info\x01auth=Bearer t\x01\x01"


def test_xoauth2_needs_a_mailbox() -> None:
    with pytest.raises(UsageError, match="address of the mailbox"):
        KNOWN["XOAUTH2"].start(Credentials(token="t"), channel()).begin()


@pytest.mark.parametrize("name", ["OAUTHBEARER", "XOAUTH2"])
def test_refuses_a_name_that_would_forge_a_field(name: str) -> None:
    forged = Credentials(username="a\x01auth=Bearer other", token="t")
    with pytest.raises(UsageError, match="control character"):
        KNOWN[name].start(forged, channel()).begin()


@pytest.mark.parametrize("name", ["OAUTHBEARER", "XOAUTH2"])
def test_a_token_mechanism_does_not_start_with_a_password(name: str) -> None:
    with pytest.raises(UsageError, match="needs an access token"):
        KNOWN[name].start(ALICE, channel()).begin()


@pytest.mark.parametrize("name", ["OAUTHBEARER", "XOAUTH2"])
def test_is_done_when_the_server_accepts_at_once(name: str) -> None:
    exchange = KNOWN[name].start(BEARER, channel())
    exchange.begin()
    exchange.finish()
    assert exchange.failure is None


def test_answers_a_refusal_as_rfc_7628_wants_and_keeps_it() -> None:
    exchange = KNOWN["OAUTHBEARER"].start(BEARER, channel())
    exchange.begin()
    assert exchange.respond(decode_challenge(RFC_7628_REFUSAL)) == b"\x01"
    assert exchange.failure == {
        "status": "invalid_token",
        "scope": "example_scope",
        "openid-configuration": "https://example.com/.well-known/openid-configuration",
    }


def test_answers_a_refusal_of_xoauth2_with_nothing_and_keeps_it() -> None:
    exchange = KNOWN["XOAUTH2"].start(BEARER, channel())
    exchange.begin()
    assert exchange.respond(decode_challenge(XOAUTH2_REFUSAL)) == b""
    assert exchange.failure == {
        "status": "401",
        "schemes": "bearer mac",
        "scope": "https://mail.google.com/",
    }


@pytest.mark.parametrize("name", ["OAUTHBEARER", "XOAUTH2"])
def test_does_not_believe_a_server_that_refuses_and_then_accepts(name: str) -> None:
    exchange = KNOWN[name].start(BEARER, channel())
    exchange.begin()
    exchange.respond(b'{"status":"401"}')
    with pytest.raises(RemoteProtocolError):
        exchange.finish()


def test_does_not_answer_a_second_refusal() -> None:
    exchange = KNOWN["XOAUTH2"].start(BEARER, channel())
    exchange.begin()
    exchange.respond(b"{}")
    with pytest.raises(RemoteProtocolError):
        exchange.respond(b"{}")


@pytest.mark.parametrize(
    "challenge",
    [b"", b"{}", b"[]", b"no JSON", b"\xff", b"[" * 8000, b"1" * 8000, b'{"a": {"b": "c"}}', b"null"],
)
def test_survives_a_refusal_that_says_nothing(challenge: bytes) -> None:
    exchange = KNOWN["XOAUTH2"].start(BEARER, channel())
    exchange.begin()
    assert exchange.respond(challenge) == b""
    assert exchange.failure is None


def test_keeps_of_a_refusal_what_can_be_shown() -> None:
    exchange = KNOWN["XOAUTH2"].start(BEARER, channel())
    exchange.begin()
    long = "x" * 5000
    exchange.respond(f'{{"status": 400, "echo": "ya29.token\\r\\n\\u001b[2J", "long": "{long}"}}'.encode())
    assert exchange.failure is not None
    assert exchange.failure["status"] == "400"
    assert exchange.failure["echo"] == "[token]???[2J"
    assert len(exchange.failure["long"]) == 500


def test_keeps_a_bounded_number_of_values() -> None:
    exchange = KNOWN["XOAUTH2"].start(BEARER, channel())
    exchange.begin()
    exchange.respond(("{" + ",".join(f'"k{i}":"v"' for i in range(900)) + "}").encode())
    assert len(exchange.failure or ()) == 16
