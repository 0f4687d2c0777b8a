"""Searches in both colours over a web and a DNS of their own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from envoi.discovery.discover import search
from envoi.drivers.dns import asyncio_resolver, blocking_resolver
from envoi.drivers.https import BlockingHTTP, HTTPOptions
from envoi.drivers.https_aio import AsyncioHTTP
from envoi.session.run import run_sync
from envoi.testing.certificates import default_certificate
from tests.discovery.places import PATIENCE, Names, Web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envoi.discovery.answer import Discovery


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Web() as running:
        yield running


@pytest.fixture
def names() -> Iterator[Names]:
    with Names() as running:
        yield running


@pytest.fixture(params=["blocking", "asyncio"])
def find(request: pytest.FixtureRequest, web: Web, names: Names) -> Callable[..., Discovery]:
    """Search as a user does, `patience` seconds for each question."""

    def run(address: str, *, ispdb: bool = False, patience: float = PATIENCE) -> Discovery:
        options = HTTPOptions(timeout=patience, ca_file=default_certificate().ca_file)
        servers = names.servers(patience)
        if request.param == "blocking":
            https = web.through(BlockingHTTP(options))
            return run_sync(search(address, https, blocking_resolver(servers), ispdb=ispdb))
        https = web.through(AsyncioHTTP(options))
        return asyncio.run(search(address, https, asyncio_resolver(servers), ispdb=ispdb))

    return run
