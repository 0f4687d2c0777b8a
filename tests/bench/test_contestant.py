from __future__ import annotations

import threading

import pytest

from bench.contestant import in_threads, shares


@pytest.mark.parametrize(
    ("count", "workers", "dealt"), [(10, 3, [4, 3, 3]), (2, 3, [1, 1, 0]), (6, 2, [3, 3])]
)
def test_messages_are_dealt_evenly(count: int, workers: int, dealt: list[int]) -> None:
    assert shares(count, workers) == dealt


def test_one_sender_stays_in_its_thread() -> None:
    seen = []
    with in_threads([lambda _count: seen.append(threading.current_thread())]) as send:
        send(1)
    assert seen == [threading.current_thread()]


def test_several_senders_share_the_messages() -> None:
    seen: list[int] = []
    with in_threads([seen.append, seen.append]) as send:
        send(5)
    assert sorted(seen) == [2, 3]


def test_what_fails_in_a_thread_fails() -> None:
    def fail(_count: int) -> None:
        raise OSError("connection lost")

    with in_threads([fail, fail]) as send, pytest.raises(OSError, match="connection lost"):
        send(2)
