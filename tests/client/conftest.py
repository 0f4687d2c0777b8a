"""A session of either colour, and a server for it."""

from __future__ import annotations

import asyncio
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envoi.testing import SMTPServer
from tests.client.colours import Colour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


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


@pytest.fixture
def press_ctrl_c() -> Iterator[Callable[[], None]]:
    """Interrupt the main thread once; press again if it does not hear, being just about to wait."""
    heard = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        if not heard.is_set() and not _is_measuring(frame):
            heard.set()
            raise KeyboardInterrupt

    def press() -> None:
        while not heard.is_set():
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            heard.wait(0.01)

    before = signal.signal(signal.SIGINT, interrupt)
    yield press
    heard.set()
    signal.signal(signal.SIGINT, before)


def _is_measuring(frame: FrameType | None) -> bool:
    """Whether coverage is at work: interrupted, it keeps the lock that every thread asks it for."""
    return frame is not None and Path(frame.f_code.co_filename).parent.name == "coverage"
