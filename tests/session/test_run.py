"""The blocking runner."""

from __future__ import annotations

import asyncio

import pytest

from envoi.errors import UsageError
from envoi.session.run import run_sync


async def answer(value: int) -> int:
    """Never suspends."""
    return value


def test_returns_what_the_flow_returns() -> None:
    assert run_sync(answer(5)) == 5


def test_raises_what_the_flow_raises() -> None:
    async def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        run_sync(fail())


def test_refuses_a_flow_that_waits_and_cleans_up_after_it() -> None:
    cleaned = []

    async def wait() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            cleaned.append(True)

    with pytest.raises(UsageError, match="use AsyncSMTPSession"):
        run_sync(wait())
    assert cleaned == [True]
