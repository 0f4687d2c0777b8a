from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import envoi
from envoi.discovery.answer import Source
from tests.discovery.places import Names, Web, plug

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envoi.discovery.answer import Discovered


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    with Web() as web, Names() as running:
        plug(monkeypatch, web, running)
        yield running


@pytest.fixture(params=["blocking", "asyncio"])
def discover(request: pytest.FixtureRequest) -> Callable[[str], Discovered]:
    if request.param == "blocking":
        return envoi.discover
    return lambda address: asyncio.run(envoi.discover_async(address))


def test_knows_providers(discover) -> None:
    found = discover("me@gmail.com")
    session = envoi.SMTPSession(
        found.server, found.port, security=found.security, username=found.username, password="open-sesame"
    )
    assert "smtp.gmail.com" in repr(session)


def test_asks_the_domain(discover, names: Names) -> None:
    names.records["_submission._tcp.example.org", "SRV"] = ["1 1 587 mail.example.org."]
    found = discover("me@example.org")
    assert (found.server, found.source) == ("mail.example.org", Source.SRV)


def test_says_when_nobody_knows(discover, names: Names) -> None:
    with pytest.raises(envoi.ConfigError, match=r"no settings were found for me@example\.org"):
        discover("me@example.org")
