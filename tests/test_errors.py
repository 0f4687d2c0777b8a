"""The error tree: the two questions each error answers, and that it survives a pickle."""

from __future__ import annotations

import pickle
from inspect import isclass
from typing import Any

import pytest

from envoi import errors
from envoi.errors import (
    Accepted,
    ConnectionFailed,
    DeadlineExceeded,
    DeliveryError,
    Disconnected,
    EnvoiError,
    InvalidAddress,
    InvalidHeader,
    MessageRejected,
    Phase,
    RecipientsRejected,
    Retry,
    StoreUnavailable,
    UsageError,
)
from envoi.smtp.replies import Reply

TREE = [each for each in vars(errors).values() if isclass(each) and issubclass(each, EnvoiError)]
LATER = Reply(code=451, enhanced="4.7.1", text="greylisted")
NEVER = Reply(code=550, enhanced="5.1.1", text="no such user")


def made(kind: type[EnvoiError]) -> EnvoiError:
    """An error of this kind with everything it can carry."""
    if kind is RecipientsRejected:
        return RecipientsRejected("nobody", refused={"b@example.org": NEVER}, phase=Phase.RCPT, reply=NEVER)
    if not issubclass(kind, DeliveryError):
        return kind("something")
    return kind(
        "something",
        phase=Phase.FINAL,
        reply=LATER,
        recipients=["b@example.org"],
        accepted=Accepted.MAYBE,
        remedy="Try something else",
        verdicts={"c@example.org": NEVER},
    )


@pytest.mark.parametrize("kind", TREE)
def test_every_error_survives_a_pickle(kind: type[EnvoiError]) -> None:
    """Behaviour 136: errors cross processes, as those of a pool of workers do."""
    error: Any = made(kind)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.mark.parametrize("kind", TREE)
def test_every_error_tells_whether_to_try_again_and_whether_it_was_accepted(kind: type[EnvoiError]) -> None:
    """Behaviour 137."""
    error = made(kind)
    assert isinstance(error.retry, Retry)
    assert isinstance(error.accepted, Accepted)


@pytest.mark.parametrize("kind", TREE)
def test_every_error_stands_in_the_drawing(kind: type[EnvoiError]) -> None:
    assert f" {kind.__name__} " in f" {errors.__doc__} ".replace("\n", " ")


@pytest.mark.parametrize(
    ("reply", "retry"), [(NEVER, Retry.NEVER), (LATER, Retry.LATER), (None, Retry.LATER)]
)
def test_the_reply_says_when_to_try_again(reply: Reply | None, retry: Retry) -> None:
    assert MessageRejected("no", phase=Phase.FINAL, reply=reply).retry is retry


def test_what_is_known_better_goes_before_the_reply() -> None:
    assert Disconnected("gone", phase=Phase.MAIL, reply=LATER, retry=Retry.NOW).retry is Retry.NOW


def test_the_text_says_what_happened_and_what_to_do() -> None:
    assert str(DeliveryError("It failed", phase=Phase.MAIL, remedy="Do this")) == "It failed. Do this"
    assert str(DeliveryError("It failed", phase=Phase.MAIL)) == "It failed"


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (InvalidAddress, ValueError),
        (InvalidHeader, ValueError),
        (ConnectionFailed, ConnectionError),
        (Disconnected, ConnectionError),
        (DeadlineExceeded, TimeoutError),
    ],
)
def test_programs_that_know_only_the_builtins_catch_them_too(
    kind: type[EnvoiError], builtin: type[Exception]
) -> None:
    assert issubclass(kind, builtin)


def test_nothing_was_sent_after_a_usage_error() -> None:
    error = UsageError("no")
    assert (error.accepted, error.retry) == (Accepted.NO, Retry.NEVER)


def test_a_store_that_is_away_comes_back() -> None:
    assert StoreUnavailable("locked").retry is Retry.LATER
