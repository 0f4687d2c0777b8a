"""A large content passes through in pieces, and little of it is in memory at once."""

from __future__ import annotations

import hashlib
import tempfile
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from envoi.errors import OutboxError
from envoi.outbox.model import Blob, State
from envoi.session.run import run_sync
from tests.drivers.postgres_store.letters import LEASE, fresh
from tests.outbox.contract.arena import result

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from envoi.drivers.postgres_store import PostgresStore

PIECES, PIECE = 200, b"0123456789abcdef" * 8192


async def octets() -> AsyncIterator[bytes]:
    for _ in range(PIECES):
        yield PIECE


@pytest.mark.slow
def test_streams_in_constant_memory(store: PostgresStore, url: str) -> None:
    run_sync(store.stats())
    tracemalloc.start()
    kept = run_sync(store.keep(octets()))
    assert isinstance(kept, Blob)
    run_sync(store.put([fresh(content=kept)]))
    (claim,) = run_sync(store.claim("worker", 1, LEASE)).claims
    assert claim.content is None
    content = run_sync(store.content(claim))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < kept.size // 3
    assert content.temporary
    assert isinstance(content.path, Path)
    with content.path.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").digest() == hashlib.sha256(PIECE * PIECES).digest()
    content.path.unlink()
    with psycopg.connect(url) as connection:
        (largest,) = connection.execute(
            "SELECT max(octet_length(octets)) FROM envoi_contents"
        ).fetchone() or (0,)
        assert largest <= 1 << 20
        run_sync(store.settle([result(claim, State.DELIVERED)]))
        assert connection.execute("SELECT FROM envoi_contents").fetchall() == []


def test_a_content_that_lost_a_piece_leaves_no_file(
    store: PostgresStore, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept = run_sync(store.keep(octets()))
    assert isinstance(kept, Blob)
    run_sync(store.put([fresh(content=kept)]))
    (claim,) = run_sync(store.claim("worker", 1, LEASE)).claims
    with psycopg.connect(url) as connection:
        connection.execute("DELETE FROM envoi_contents WHERE part = 20")
    with pytest.raises(OutboxError, match="no content"):
        run_sync(store.content(claim))
    assert list(tmp_path.iterdir()) == []
