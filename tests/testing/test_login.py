from __future__ import annotations

from base64 import b64encode

import pytest

from envoi.smtp.sasl import Channel, serve
from envoi.testing.login import Login

CHANNEL = Channel(secure=True, host="mail.example.org", port=0, nonce=lambda: b"n" * 18)


def login(mechanism: str) -> Login:
    return Login(serve(mechanism, {"user": "pencil"}, {}, CHANNEL))


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def test_lets_in_at_once() -> None:
    plain = login("PLAIN")
    assert plain.begin(encoded("\0user\0pencil")).code == 235
    assert plain.username == "user"


def test_asks_for_what_did_not_come_along() -> None:
    plain = login("PLAIN")
    asked = plain.begin("")
    assert (asked.code, asked.lines) == (334, ("",))
    assert plain.respond(encoded("\0user\0pencil")).code == 235


def test_challenges_in_base64() -> None:
    assert login("LOGIN").begin("").lines == (encoded("Username:"),)


def test_takes_an_equals_sign_for_an_empty_response() -> None:
    assert login("PLAIN").begin("=").code == 535


@pytest.mark.parametrize("line", [encoded("\0user\0pen"), encoded("\0nobody\0pencil"), encoded("junk")])
def test_refuses_others(line: str) -> None:
    plain = login("PLAIN")
    answer = plain.begin(line)
    assert (answer.code, answer.enhanced) == (535, "5.7.8")
    assert plain.username is None


def test_takes_no_other_alphabet() -> None:
    assert login("PLAIN").begin("***").code == 501
    plain = login("PLAIN")
    plain.begin("")
    assert plain.respond("not base64").code == 501


def test_gives_up_when_asked_to() -> None:
    plain = login("PLAIN")
    plain.begin("")
    answer = plain.respond("*")
    assert (answer.code, answer.enhanced) == (501, "5.7.0")
