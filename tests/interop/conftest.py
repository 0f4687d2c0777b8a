"""`client`: sessions of either colour, for every test here twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.interop.sessions import Client, clients

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.certificates import CertificateAuthority


@pytest.fixture(params=["blocking", "asyncio"])
def client(request: pytest.FixtureRequest, ca: CertificateAuthority) -> Iterator[Client]:
    with clients(request.param, ca.ca_file) as made:
        yield made
