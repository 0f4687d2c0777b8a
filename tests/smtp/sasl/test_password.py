"""PLAIN, LOGIN, CRAM-MD5 and EXTERNAL against the documents that describe them."""

from __future__ import annotations

import pytest

from envoi.errors import RemoteProtocolError, UsageError
from envoi.smtp.sasl import Credentials
from tests.smtp.sasl.dialogues import BEARER, KNOWN, channel


def test_plain_says_what_rfc_4616_shows() -> None:
    tim = Credentials(username="tim", password="tanstaaftanstaaf")
    assert KNOWN["PLAIN"].start(tim, channel()).begin() == b"\0tim\0tanstaaftanstaaf"


def test_plain_can_act_for_somebody_else() -> None:
    kurt = Credentials(username="Kurt", password="xipj3plmq", authorization_id="Ursel")
    assert KNOWN["PLAIN"].start(kurt, channel()).begin() == b"Ursel\0Kurt\0xipj3plmq"


def test_plain_speaks_utf_8() -> None:
    zoe = Credentials(username="zoë", password="pässwörd ☃ \N{CLOSED LOCK WITH KEY}")
    expected = "\0zoë\0pässwörd ☃ \N{CLOSED LOCK WITH KEY}".encode()
    assert KNOWN["PLAIN"].start(zoe, channel()).begin() == expected


def test_plain_needs_nothing_more_than_its_one_message() -> None:
    exchange = KNOWN["PLAIN"].start(Credentials(username="a", password="b"), channel())
    exchange.begin()
    exchange.finish()
    assert exchange.failure is None


def test_login_answers_whatever_the_server_calls_its_questions() -> None:
    exchange = KNOWN["LOGIN"].start(Credentials(username="zoë", password="été"), channel())
    assert exchange.begin() is None
    assert exchange.respond(b"Benutzername?") == "zoë".encode()
    assert exchange.respond(b"") == "été".encode()
    exchange.finish()


def test_cram_md5_answers_as_rfc_2195_shows() -> None:
    exchange = KNOWN["CRAM-MD5"].start(Credentials(username="tim", password="tanstaaftanstaaf"), channel())
    assert exchange.begin() is None
    answer = exchange.respond(b"<1896.697170952@postoffice.reston.mci.net>")
    assert answer == b"tim b913a602c7eda7a495b4e6e7334d3890"
    exchange.finish()


def test_cram_md5_takes_passwords_longer_than_a_hash_block() -> None:
    exchange = KNOWN["CRAM-MD5"].start(Credentials(username="tim", password="x" * 100), channel())
    exchange.begin()
    assert exchange.respond(b"<1@example.org>") == b"tim 3edd8cf70a993001fdf303d8e10ab618"


def test_cram_md5_answers_no_empty_challenge() -> None:
    exchange = KNOWN["CRAM-MD5"].start(Credentials(username="tim", password="x"), channel())
    exchange.begin()
    with pytest.raises(RemoteProtocolError, match="challenge is empty"):
        exchange.respond(b"")


def test_external_names_nobody_unless_asked_to() -> None:
    assert KNOWN["EXTERNAL"].start(Credentials(external=True), channel()).begin() == b""


def test_external_names_the_identity_to_act_as() -> None:
    alice = Credentials(username="alice", external=True)
    boss = Credentials(username="alice", authorization_id="boss", external=True)
    assert KNOWN["EXTERNAL"].start(alice, channel()).begin() == b"alice"
    assert KNOWN["EXTERNAL"].start(boss, channel()).begin() == b"boss"


@pytest.mark.parametrize("name", ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"])
def test_a_password_mechanism_does_not_start_with_a_token(name: str) -> None:
    with pytest.raises(UsageError, match="needs a password"):
        KNOWN[name].start(BEARER, channel()).begin()
