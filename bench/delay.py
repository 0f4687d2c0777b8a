"""A proxy that makes the way longer: what goes through it arrives half a round trip later, either way.

``python -m bench.delay --to PORT --round-trip MS`` prints its own port and runs until the end of its input.
Only time is added: whatever has been sent is on its way at once, as much as there is, so that senders are
slowed by waiting for answers and by nothing else. A real network has a congestion window too; this one is
for comparing how often senders wait. `DelayLine` is the arithmetic, and knows no clock.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from argparse import ArgumentParser
from collections import deque
from contextlib import contextmanager, suppress
from selectors import SelectSelector
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DelayLine", "delayed"]


class DelayLine:
    """What is under way in one direction; instants are seconds on the caller's clock."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._under_way: deque[tuple[float, bytes]] = deque()

    def put(self, data: bytes, now: float) -> None:
        """Send octets, or the end of the stream when there are none."""
        self._under_way.append((now + self._delay, data))

    def due(self, now: float) -> list[bytes]:
        """Take out what has arrived by now, in order."""
        arrived = []
        while self._under_way and self._under_way[0][0] <= now:
            arrived.append(self._under_way.popleft()[1])
        return arrived

    @property
    def next_arrival(self) -> float | None:
        """When the next octets arrive; None when nothing is under way."""
        return self._under_way[0][0] if self._under_way else None


class _End(asyncio.Protocol):
    """One end of a proxied connection; `other` is where its octets come out."""

    def __init__(self, delay: float) -> None:
        self._line = DelayLine(delay)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport | None = None
        self.other: _End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._line.put(data, self._loop.time())
        self._wait()

    def eof_received(self) -> bool:
        self._line.put(b"", self._loop.time())
        self._wait()
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's signature)
        if self.other and self.other.transport:
            self.other.transport.close()

    def _wait(self) -> None:
        when = self._line.next_arrival
        if self._timer is None and when is not None:
            self._timer = self._loop.call_at(when, self._arrive)

    def _arrive(self) -> None:
        self._timer = None
        out = self.other.transport if self.other else None
        for data in self._line.due(self._loop.time()):
            if out and data:
                out.write(data)
            elif out:
                out.close()
        self._wait()


class _Front(_End):
    """The client's end; connects to the server when the client has."""

    def __init__(self, delay: float, port: int) -> None:
        super().__init__(delay)
        self._delay, self._port = delay, port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        cast("asyncio.Transport", transport).pause_reading()
        self._connecting = self._loop.create_task(self._connect())

    async def _connect(self) -> None:
        back = _End(self._delay)
        back.other = self
        await self._loop.create_connection(lambda: back, "127.0.0.1", self._port)
        self.other = back
        if self.transport:
            self.transport.resume_reading()


async def _serve(port: int, delay: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Front(delay, port), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


@contextmanager
def delayed(port: int, milliseconds: float) -> Iterator[int]:
    """The port of a proxy, in a process of its own, before `port`; `port` itself when there is no delay."""
    if not milliseconds:
        yield port
        return
    command = [sys.executable, "-m", "bench.delay", "--to", str(port), "--round-trip", str(milliseconds)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield int(process.stdout.readline() if process.stdout else "")
        finally:
            process.terminate()


def main() -> None:
    """Serve until the end of the input."""
    parser = ArgumentParser(prog="python -m bench.delay")
    parser.add_argument("--to", type=int, required=True, metavar="PORT")
    parser.add_argument("--round-trip", type=float, required=True, metavar="MS")
    given = parser.parse_args()
    with suppress(OSError):  # only root may; a network does not wait for a core
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    # epoll counts in milliseconds, and rounds up; select counts in microseconds.
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(SelectSelector())) as runner:
        runner.run(_serve(given.to, given.round_trip / 2000))


if __name__ == "__main__":
    main()
