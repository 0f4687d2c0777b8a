"""A stream for what no transcript can say: each read, poll and write answered from a list."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from envoi.errors import DeadlineExceeded, Phase
from envoi.ports import TLSInfo
from envoi.session.link import Link
from envoi.session.timeouts import Timeouts
from envoi.session.transcript import Transcript
from envoi.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi.ports import TLSOptions

TLS = TLSInfo(
    version="TLSv1.3", cipher="X", verified=True, certificate=b"", subject={}, server_end_point=b"\1" * 32
)


class Spool:
    """A stream; an exception in a list is raised when its turn comes, an empty list means silence.

    Attributes:
        reads: what `read` and `poll` find, in order.
        writes: what becomes of the next writes: None for well.
        done: what was done to it, in order.
    """

    peer = "192.0.2.1:25"
    local_address = "192.0.2.10"

    def __init__(self, *reads: bytes | BaseException, writes: tuple[BaseException | None, ...] = ()) -> None:
        self.reads = deque(reads)
        self.writes = deque(writes)
        self.done: list[str] = []
        self.written = bytearray()
        self.timeouts: list[float | None] = []
        self.clock = FakeClock()
        self.seconds_per_read = 0.0
        self.polls = True
        self.tls: TLSInfo | None = None

    async def read(self, timeout: float | None) -> bytes:
        self.timeouts.append(timeout)
        if not self.reads:
            raise DeadlineExceeded("silence", phase=Phase.COMMAND)
        self.clock.advance(self.seconds_per_read)
        return self._next()

    async def poll(self) -> bytes | None:
        return self._next() if self.reads and self.polls else None

    async def write(self, data: bytes | bytearray | memoryview, timeout: float | None) -> None:
        self.timeouts.append(timeout)
        failure = self.writes.popleft() if self.writes else None
        if failure is not None:
            raise failure
        self.written += data

    async def start_tls(self, options: TLSOptions, server_hostname: str, timeout: float | None) -> TLSInfo:
        self.done.append(f"TLS with {server_hostname}")
        self.tls = TLS
        return TLS

    async def close(self) -> None:
        self.done.append("close")

    def abort(self) -> None:
        self.done.append("abort")

    def _next(self) -> bytes:
        found = self.reads.popleft()
        if isinstance(found, BaseException):
            raise found
        return found


def link_over(
    spool: Spool, *, timeouts: Timeouts | None = None, sink: Callable[[object], None] | None = None
) -> Link:
    """A link on such a stream, not yet greeted."""
    return Link(
        spool,
        server="mail.example.org",
        clock=spool.clock,
        timeouts=timeouts or Timeouts(),
        transcript=None if sink is None else Transcript(sink),
    )
