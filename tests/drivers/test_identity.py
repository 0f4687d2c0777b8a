"""Names that ascend with time."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from envoi.drivers.identity import uuid7


def test_is_a_uuid_of_version_7() -> None:
    name = uuid7()
    assert len(name) == 32
    parsed = uuid.UUID(hex=name)
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert abs((parsed.int >> 80) - time.time() * 1000) < 5000


def test_ascends_within_a_process() -> None:
    names = [uuid7() for _ in range(5000)]
    assert names == sorted(set(names))


def test_threads_get_different_names() -> None:
    with ThreadPoolExecutor(8) as pool:
        names = [
            name for part in pool.map(lambda _: [uuid7() for _ in range(500)], range(8)) for name in part
        ]
    assert len(set(names)) == 4000
