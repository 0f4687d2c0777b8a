from __future__ import annotations

from datetime import timedelta

import pytest

from envoi.oauth.token import Token
from tests.oauth.stage import NOW

ANSWER = {"access_token": "4cc355", "refresh_token": "r3fr35h", "id_token": "1d", "scope": "mail"}


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        (3600, 3600),
        ("3599", 3599),
        (1.5, 1.5),
        (None, None),
        ("soon", None),
        (-1, None),
        ("nan", None),
        (1e99, None),
    ],
)
def test_a_lifetime_becomes_an_instant(expires_in: object, seconds: float | None) -> None:
    token = Token.from_answer({**ANSWER, "expires_in": expires_in}, now=NOW)
    assert token.expires_at == (None if seconds is None else NOW + timedelta(seconds=seconds))


def test_without_an_end_it_never_expires() -> None:
    token = Token.from_answer(ANSWER, now=NOW)
    assert not token.has_expired(NOW + timedelta(days=9999))
    assert not token.is_expiring(NOW + timedelta(days=9999), ahead_seconds=300)


def test_what_a_renewal_does_not_say_stays() -> None:
    before = Token.from_answer(ANSWER, now=NOW)
    after = Token.from_answer({"access_token": "n3w"}, now=NOW, previous=before)
    assert (after.refresh_token, after.scope, after.id_token) == ("r3fr35h", "mail", "1d")


def test_its_repr_shows_no_secret() -> None:
    shown = repr(Token.from_answer(ANSWER, now=NOW))
    assert not any(secret in shown for secret in ("4cc355", "r3fr35h", "'1d'"))
