"""A session of either colour, and a server for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from envoi.testing import SMTPServer
from tests.client.colours import Colour

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["blocking", "asyncio"])
def colour(request: pytest.FixtureRequest) -> Iterator[Colour]:
    """One of the two."""
    if request.param == "blocking":
        yield Colour(None)
        return
    with asyncio.Runner() as runner:
        yield Colour(runner)


@pytest.fixture
def server() -> Iterator[SMTPServer]:
    """A server in clear, without accounts."""
    with SMTPServer(security="plaintext") as running:
        yield running
