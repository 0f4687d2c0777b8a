"""The asyncio colour: ports whose methods suspend in the running event loop.

`AsyncioRuntime` is what an asynchronous session is built on. Bytes move in `aio_channel`, the
procedure of connecting is `dial`'s; here is what that procedure needs of this colour, and the
clock. The blocking twin is `blocking`. Nothing outlives a cancellation: every attempt closes its
own socket, and only the thread of a name lookup is left to finish by itself.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from envoi.drivers import lookup, proxy, system
from envoi.drivers.aio_channel import AsyncioChannel
from envoi.drivers.dial import dial
from envoi.drivers.sockets import IP_FAMILIES, open_socket

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from datetime import datetime

    from envoi.drivers.happy_eyeballs import Address, Race
    from envoi.drivers.stream import NetworkStream
    from envoi.ports import Endpoint

__all__ = ["AsyncioClock", "AsyncioConnector", "AsyncioRuntime"]


class AsyncioClock:
    """The machine's clock; `sleep` suspends the task."""

    __slots__ = ()

    monotonic = staticmethod(time.monotonic)
    """Seconds from an arbitrary point, never backwards."""

    def now(self) -> datetime:
        """The aware UTC instant."""
        return system.now()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class AsyncioConnector:
    """Opens streams whose methods suspend; `look_up` asks for the addresses of a name, in a thread."""

    __slots__ = ("_look_up",)

    def __init__(self, *, look_up: Callable[[str, int], list[Address]] = lookup.look_up) -> None:
        self._look_up = look_up

    async def connect(self, endpoint: Endpoint, timeout: float | None) -> NetworkStream:
        """Return a connected stream, in clear; see `envoi.ports.Connector`."""
        return await dial(self, endpoint, timeout)

    async def look_up(self, host: str, port: int, deadline: float | None) -> list[Address] | None:
        """Return the addresses of a name; None when the time is over."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[lookup.Answer] = loop.create_future()

        def deliver(found: lookup.Answer) -> None:
            with suppress(RuntimeError):  # The loop may be closed by the time somebody answers.
                loop.call_soon_threadsafe(_settle, answer, found)

        lookup.in_thread(partial(self._look_up, host, port), deliver)
        await asyncio.wait((answer,), timeout=_remaining(deadline))
        return lookup.unpack(answer.result()) if answer.done() else None

    async def connect_first(
        self, race: Race, source_address: str | None, deadline: float | None
    ) -> socket.socket | None:
        """Return the first socket to connect; None when none did, or the time is over."""
        attempts: dict[asyncio.Task[socket.socket | OSError], Address] = {}
        winner: socket.socket | None = None
        try:
            while winner is None and not race.lost:
                now = time.monotonic()
                if deadline is not None and now >= deadline:
                    break
                if (address := race.start(now)) is not None:
                    attempts[asyncio.create_task(_attempt(address, source_address))] = address
                    continue
                patience = race.patience(now, deadline)
                done, _ = await asyncio.wait(attempts, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                winner = _judge(race, {task: attempts.pop(task) for task in done})
            return winner
        finally:
            await _give_up(attempts, winner)

    async def go_through(
        self, by: proxy.Proxy, connected: socket.socket, host: str, port: int, deadline: float | None
    ) -> None:
        """Have the proxy at the other end connect on."""
        await proxy.go_through_async(by, connected, host, port, deadline)

    async def open_channel(
        self, connected: socket.socket, peer: str, local_address: str | None
    ) -> AsyncioChannel:
        """Wrap a connected socket; it is closed when this fails or is cancelled."""
        loop = asyncio.get_running_loop()
        channel = AsyncioChannel(connected, peer=peer, local_address=local_address)
        try:
            if connected.family not in IP_FAMILIES:
                await loop.create_unix_connection(lambda: channel, sock=connected)
            else:
                await loop.create_connection(lambda: channel, sock=connected)
        except BaseException:
            channel.abort()
            raise
        return channel


def _remaining(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def _settle(answer: asyncio.Future[lookup.Answer], found: lookup.Answer) -> None:
    if not answer.done():
        answer.set_result(found)


async def _attempt(address: Address, source_address: str | None) -> socket.socket | OSError:
    """Connect; an error is a result here, so that none is ever left unretrieved."""
    try:
        opened = open_socket(address, source_address)
    except OSError as error:
        return error
    try:
        await asyncio.get_running_loop().sock_connect(opened, address.location)
    except OSError as error:
        opened.close()
        return error
    except BaseException:
        opened.close()
        raise
    return opened


def _judge(race: Race, ended: dict[asyncio.Task[socket.socket | OSError], Address]) -> socket.socket | None:
    winner: socket.socket | None = None
    for task, address in ended.items():
        result = task.result()
        if isinstance(result, OSError):
            race.failed(address, result)
        elif winner is None:
            winner = result
        else:
            result.close()
    return winner


async def _give_up(
    attempts: dict[asyncio.Task[socket.socket | OSError], Address], winner: socket.socket | None
) -> None:
    """End those still under way; a cancellation meanwhile takes the winner too."""
    for task in attempts:
        task.add_done_callback(_discard)
        task.cancel()
    try:
        if attempts:
            await asyncio.wait(attempts)
    except BaseException:
        if winner is not None:
            winner.close()
        raise


def _discard(task: asyncio.Task[socket.socket | OSError]) -> None:
    if not task.cancelled() and not isinstance(result := task.result(), OSError):
        result.close()


class AsyncioRuntime:
    """What an asynchronous session needs from the outside, in one bundle."""

    __slots__ = ("clock", "connector")

    def __init__(
        self, *, clock: AsyncioClock | None = None, connector: AsyncioConnector | None = None
    ) -> None:
        self.clock = clock or AsyncioClock()
        self.connector = connector or AsyncioConnector()

    def nonce(self) -> bytes:
        """Fresh printable random octets."""
        return system.nonce()

    def hostname(self) -> str:
        """This machine's name, without asking the DNS."""
        return system.hostname()
