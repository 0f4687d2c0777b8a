"""The blocking colour: ports whose methods block and never suspend.

`BlockingRuntime` is what a blocking session is built on; `envoi.session.run.run_sync` drives its
flows. Bytes move in `blocking_channel`, the procedure of connecting is `dial`'s; here is what
that procedure needs of this colour, and the clock. The asyncio twin is `aio`.
"""

from __future__ import annotations

import errno
import os
import queue
import socket
import time
from functools import partial
from typing import TYPE_CHECKING

from envoi.drivers import lookup, proxy, system
from envoi.drivers.blocking_channel import BlockingChannel
from envoi.drivers.dial import dial
from envoi.drivers.sockets import open_socket
from envoi.drivers.waiting import WRITE, wait

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from envoi.drivers.happy_eyeballs import Address, Race
    from envoi.drivers.stream import NetworkStream
    from envoi.ports import Endpoint

__all__ = ["BlockingClock", "BlockingConnector", "BlockingRuntime"]

# What `connect_ex` answers when the attempt goes on by itself; Windows has its own word.
_UNDER_WAY = {errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK)}


class BlockingClock:
    """The machine's clock; `sleep` blocks the thread."""

    __slots__ = ()

    monotonic = staticmethod(time.monotonic)
    """Seconds from an arbitrary point, never backwards."""

    def now(self) -> datetime:
        """The aware UTC instant."""
        return system.now()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)  # noqa: ASYNC251 - blocking is this colour's way


class BlockingConnector:
    """Opens streams whose methods block; `look_up` asks for the addresses of a name."""

    __slots__ = ("_look_up",)

    def __init__(self, *, look_up: Callable[[str, int], list[Address]] = lookup.look_up) -> None:
        self._look_up = look_up

    async def connect(self, endpoint: Endpoint, timeout: float | None) -> NetworkStream:
        """Return a connected stream, in clear; see `envoi.ports.Connector`."""
        return await dial(self, endpoint, timeout)

    async def look_up(self, host: str, port: int, deadline: float | None) -> list[Address] | None:
        """Return the addresses of a name; None when the time is over."""
        if deadline is None:
            return self._look_up(host, port)
        answer: queue.SimpleQueue[lookup.Answer] = queue.SimpleQueue()
        lookup.in_thread(partial(self._look_up, host, port), answer.put)
        try:
            return lookup.unpack(answer.get(timeout=max(0.0, deadline - time.monotonic())))
        except queue.Empty:
            return None

    async def connect_first(
        self, race: Race, source_address: str | None, deadline: float | None
    ) -> socket.socket | None:
        """Return the first socket to connect; None when none did, or the time is over."""
        attempts = _Attempts(race, source_address)
        try:
            while not race.lost:
                now = time.monotonic()
                if deadline is not None and now >= deadline:
                    return None
                if (address := race.start(now)) is not None:
                    winner = attempts.begin(address)
                else:
                    winner = attempts.await_news(race.patience(now, deadline))
                if winner is not None:
                    return winner
            return None
        finally:
            attempts.give_up()

    async def go_through(
        self, by: proxy.Proxy, connected: socket.socket, host: str, port: int, deadline: float | None
    ) -> None:
        """Have the proxy at the other end connect on."""
        proxy.go_through(by, connected, host, port, deadline)

    async def open_channel(
        self, connected: socket.socket, peer: str, local_address: str | None
    ) -> BlockingChannel:
        """Wrap a connected socket."""
        return BlockingChannel(connected, peer=peer, local_address=local_address)


class _Attempts:
    """The attempts under way, by file descriptor."""

    __slots__ = ("_race", "_source_address", "_under_way")

    def __init__(self, race: Race, source_address: str | None) -> None:
        self._race = race
        self._source_address = source_address
        self._under_way: dict[int, tuple[socket.socket, Address]] = {}

    def begin(self, address: Address) -> socket.socket | None:
        """Begin an attempt; return its socket when it succeeded at once."""
        try:
            opened = open_socket(address, self._source_address)
        except OSError as error:
            self._race.failed(address, error)
            return None
        code = opened.connect_ex(address.location)
        if code in _UNDER_WAY:
            self._under_way[opened.fileno()] = opened, address
            return None
        return self._judge(opened, address, code)

    def await_news(self, patience: float | None) -> socket.socket | None:
        """Wait until an attempt ends, or the patience does; return the socket of one that succeeded."""
        for fileno in wait(dict.fromkeys(self._under_way, WRITE), patience):
            opened, address = self._under_way.pop(fileno)
            code = opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if (winner := self._judge(opened, address, code)) is not None:
                return winner
        return None

    def _judge(self, opened: socket.socket, address: Address, code: int) -> socket.socket | None:
        if code == 0:
            return opened
        opened.close()
        self._race.failed(address, OSError(code, os.strerror(code)))
        return None

    def give_up(self) -> None:
        """Close those still under way."""
        for opened, _ in self._under_way.values():
            opened.close()


class BlockingRuntime:
    """What a blocking session needs from the outside, in one bundle."""

    __slots__ = ("clock", "connector")

    def __init__(
        self, *, clock: BlockingClock | None = None, connector: BlockingConnector | None = None
    ) -> None:
        self.clock = clock or BlockingClock()
        self.connector = connector or BlockingConnector()

    def nonce(self) -> bytes:
        """Fresh printable random octets."""
        return system.nonce()

    def hostname(self) -> str:
        """This machine's name, without asking the DNS."""
        return system.hostname()
