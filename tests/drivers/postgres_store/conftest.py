"""The address of an empty outbox, and stores on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi.drivers.postgres_store import PostgresStore, open_store
from envoi.session.run import run_sync
from tests.drivers.postgres_store.emptied import emptied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.postgresql import PostgreSQL


@pytest.fixture
def url(postgresql: PostgreSQL) -> str:
    return emptied(postgresql)


@pytest.fixture
def store(url: str) -> Iterator[PostgresStore]:
    store = open_store(url)
    yield store
    run_sync(store.close())
