from __future__ import annotations

import asyncio
import threading

import pytest

from envoi.testing.loop_thread import LoopThread


def test_runs_work_in_its_own_thread() -> None:
    async def where() -> threading.Thread:
        await asyncio.sleep(0)
        return threading.current_thread()

    thread = LoopThread()
    try:
        worker = thread.run(where())
        assert worker is not threading.current_thread()
    finally:
        thread.stop()
    assert not worker.is_alive()


def test_hands_errors_over() -> None:
    async def fail() -> None:
        raise KeyError("here")

    thread = LoopThread()
    try:
        with pytest.raises(KeyError, match="here"):
            thread.run(fail())
    finally:
        thread.stop()
