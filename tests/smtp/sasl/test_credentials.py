"""Credentials refuse what no mechanism could send, and show no secret."""

from __future__ import annotations

import pytest

from envoi.errors import InvalidHeader, UsageError
from envoi.smtp.sasl import Credentials, Proof


@pytest.mark.parametrize("field", ["username", "password", "token", "authorization_id"])
@pytest.mark.parametrize("forbidden", ["\r", "\n", "\0", "\ud800"])
def test_refuses_line_breaks_and_nul_without_quoting_them(field: str, forbidden: str) -> None:
    values = {"username": "alice", "password": "hunter2"} if field != "token" else {"username": "alice"}
    with pytest.raises(InvalidHeader) as caught:
        Credentials(**{**values, field: f"s3cret{forbidden}"})  # type: ignore[arg-type]
    assert field in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "nothing to log in with"),
        ({"username": "alice"}, "nothing to log in with"),
        ({"password": "x"}, "without a user name"),
        ({"username": "alice", "password": ""}, "empty"),
        ({"username": "", "password": "x"}, "empty"),
        ({"username": "alice", "password": "x", "token": "y"}, "both a password and a token"),
        ({"username": "alice", "token": ""}, "token is empty"),
        ({"username": "alice", "token": "two words"}, "token is empty or contains"),
        ({"username": "alice", "token": "a\x01b"}, "token is empty or contains"),
    ],
)
def test_wants_exactly_one_usable_proof(values: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Credentials(**values)  # type: ignore[arg-type]


def test_names_what_the_login_rests_on() -> None:
    assert Credentials(username="a", password="b").proof is Proof.PASSWORD
    assert Credentials(token="b").proof is Proof.TOKEN
    assert Credentials(external=True).proof is Proof.CERTIFICATE
    assert Credentials(username="a", password="b", external=True).proof is Proof.PASSWORD


def test_refuses_to_give_a_secret_it_does_not_hold() -> None:
    with pytest.raises(UsageError, match="needs a password, not an OAuth"):
        Credentials(username="a", token="t").login()
    with pytest.raises(UsageError, match="needs an access token, not a password"):
        Credentials(username="a", password="p").bearer()


def test_shows_no_secret_in_repr() -> None:
    assert "hunter2" not in repr(Credentials(username="a", password="hunter2"))
    assert "ya29" not in repr(Credentials(username="a", token="ya29"))
