"""Whatever is given as auth=, asked for a token."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from envoi.errors import ConfigError, Phase, TokenUnavailable, UsageError
from envoi.session.run import run_sync
from envoi.session.tokens import token_source


async def later() -> str:
    """A token that takes its time."""
    await asyncio.sleep(0)
    return "ya29.later"


class Source:
    """Knows by itself."""

    async def token(self, *, renew: bool) -> str:
        return "renewed" if renew else "kept"


def ask(auth: Any, *, renew: bool = False) -> str:
    """Ask a source in the blocking colour."""
    return run_sync(token_source(auth).token(renew=renew))


def test_a_string_is_the_token() -> None:
    assert ask("ya29.token") == "ya29.token"


@pytest.mark.parametrize("text", ["", "two words", "line\r\nbreak", "é"])
def test_refuses_text_that_is_no_token(text: str) -> None:
    """Behaviour 85: now, not after connecting."""
    with pytest.raises(UsageError):
        token_source(text)


def test_a_string_cannot_be_renewed() -> None:
    with pytest.raises(TokenUnavailable, match="cannot be renewed") as caught:
        ask("ya29.token", renew=True)
    assert caught.value.phase is Phase.AUTH


def test_a_callable_is_asked_each_time() -> None:
    """Behaviour 62."""
    tokens = iter(["one", "two"])
    source = token_source(lambda: next(tokens))
    assert [run_sync(source.token(renew=renew)) for renew in (False, True)] == ["one", "two"]


def test_a_callable_may_be_asynchronous() -> None:
    assert asyncio.run(token_source(later).token(renew=False)) == "ya29.later"


def test_a_source_is_asked_itself() -> None:
    assert (ask(Source()), ask(Source(), renew=True)) == ("kept", "renewed")


def test_a_callable_that_fails_is_named_and_not_quoted() -> None:
    def fail() -> str:
        raise ValueError("the secret is open sesame")

    with pytest.raises(TokenUnavailable, match="raised ValueError") as caught:
        ask(fail)
    assert "sesame" not in str(caught.value)
    assert isinstance(caught.value.__cause__, ValueError)


def test_our_own_errors_pass() -> None:
    def fail() -> str:
        raise UsageError("no account")

    with pytest.raises(UsageError, match="no account"):
        ask(fail)


def test_a_callable_returns_text() -> None:
    with pytest.raises(TokenUnavailable, match="returned int"):
        ask(lambda: 5)


@pytest.mark.parametrize("auth", [5, b"ya29.token", ("user", "token"), object()])
def test_refuses_anything_else(auth: Any) -> None:
    with pytest.raises(ConfigError, match=r"auth= takes \(user, password\), a token"):
        token_source(auth)
