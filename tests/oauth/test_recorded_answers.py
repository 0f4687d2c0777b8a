"""Answers of token endpoints as they are met, played to an account whose token has expired.

Each `answers/*.http` is one answer, with names and numbers of nobody; the table tells what comes of it: the
words that the person reads, whether somebody has to sign in, and how often the provider was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from envoi.errors import Retry, TokenUnavailable
from envoi.oauth.ports import HTTPAnswer
from envoi.oauth.token import TokenState
from tests.oauth.stage import NOW, world
from tests.oauth.test_lifecycle import Account, old_token

FOLDER = Path(__file__).with_name("answers")


@dataclass(frozen=True)
class Case:
    """What comes of an answer.

    Attributes:
        words: what the error's text has.
        consent: the account waits for a person from now on.
        questions: how often the provider is asked, by two calls together.
        seconds: how long the provider is left alone meanwhile, at most 10.
    """

    words: tuple[str, ...]
    consent: bool = False
    questions: int = 1
    seconds: float = 0.0


CASES = {
    "google-invalid-grant": Case(
        words=(
            "Sign in again",
            "six months",
            "password is changed",
            "100 sign-ins",
            "7 days",
            "withdraws",
            "session policy",
        ),
        consent=True,
    ),
    "microsoft-700082": Case(words=("90 days", "Sign in again"), consent=True),
    "microsoft-50173": Case(words=("password was changed", "Sign in again"), consent=True),
    "microsoft-50076": Case(words=("second factor", "Sign in again"), consent=True),
    "microsoft-70000": Case(words=("ended or was withdrawn", "Sign in again"), consent=True),
    "microsoft-65001": Case(words=("Nobody has consented", "admin consent"), consent=True),
    "microsoft-50105": Case(words=("not assigned to the application",)),
    "microsoft-53003": Case(words=("Conditional Access", "sign-in log")),
    "microsoft-7000222": Case(words=("secret has expired", "Make a new one")),
    "microsoft-7000215": Case(words=("The secret's value is wanted, not its id",)),
    "microsoft-7000218": Case(words=('Switch on "Allow public client flows"',)),
    "busy-429": Case(words=("busy (HTTP status 429)", "Try again in 120 s")),
    "busy-503": Case(words=("busy (HTTP status 503)", "Try again in 90 s")),
    "temporarily-unavailable": Case(words=("busy", "Try again in a while"), questions=3, seconds=3.0),
}


def recorded(name: str) -> HTTPAnswer:
    """Read an answer."""
    head, _, body = (FOLDER / f"{name}.http").read_text(encoding="utf-8").partition("\n\n")
    first, *fields = head.splitlines()
    headers = {key.casefold(): value for key, _, value in (field.partition(": ") for field in fields)}
    return HTTPAnswer(status=int(first.split()[1]), headers=headers, body=body.encode())


def test_every_answer_is_played() -> None:
    assert {file.stem for file in FOLDER.glob("*.http")} == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_says_what_it_means_and_does_not_insist(name: str) -> None:
    case = CASES[name]
    account = Account(world(*[recorded(name)] * 5), old_token(expires_at=NOW))
    with pytest.raises(TokenUnavailable) as caught:
        account.token()
    assert [words for words in case.words if words not in str(caught.value)] == []
    assert caught.value.retry is (Retry.LATER if "Try again" in str(caught.value) else Retry.NEVER)
    assert account.world.clock.monotonic() == case.seconds
    with pytest.raises(TokenUnavailable):
        account.token()
    assert account.questions == case.questions
    state = account.lifecycle.status().state
    assert state is (TokenState.NEEDS_CONSENT if case.consent else TokenState.EXPIRING)
