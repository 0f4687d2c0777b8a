"""What only the blocking colour has: signals, and methods that never suspend."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest

from envoi.drivers.blocking import BlockingConnector
from envoi.session.run import run_sync
from tests.drivers.colours import SOON
from tests.drivers.peers import serve, silence

if TYPE_CHECKING:
    import socket
    from types import FrameType


class Interrupted(Exception):
    pass


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timers on this system")
def test_a_signal_does_not_end_a_wait() -> None:
    rung = threading.Event()

    def ring(number: int, frame: FrameType | None) -> None:
        rung.set()

    def answer(connection: socket.socket) -> None:
        rung.wait(SOON)
        connection.sendall(b"220 late\r\n")

    async def scenario() -> bytes:
        stream = await BlockingConnector().connect(endpoint, SOON)
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        greeting = await stream.read(SOON)
        await stream.close()
        return greeting

    before = signal.signal(signal.SIGALRM, ring)
    try:
        with serve(answer) as endpoint:
            assert run_sync(scenario()) == b"220 late\r\n"
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timers on this system")
def test_an_exception_from_a_signal_handler_ends_a_wait() -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        raise Interrupted

    async def scenario() -> None:
        stream = await BlockingConnector().connect(endpoint, SOON)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.02)
            await stream.read(SOON)
        finally:
            stream.abort()

    before = signal.signal(signal.SIGALRM, stop)
    try:
        with serve(silence) as endpoint, pytest.raises(Interrupted):
            run_sync(scenario())
    finally:
        signal.signal(signal.SIGALRM, before)
