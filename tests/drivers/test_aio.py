"""Cancellation, at any moment, leaves nothing behind; and the loop is not kept waiting by a lookup."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from envoi.drivers.aio import AsyncioConnector
from envoi.ports import Endpoint, TLSOptions
from tests.drivers.colours import SOON, nothing_left_open, run_asyncio
from tests.drivers.peers import echo, hang_up, serve, silence, under_tls
from tests.drivers.test_dial import black_hole, free_port, v4

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Coroutine

    from envoi.drivers.happy_eyeballs import Address


async def cancelled_after(turns: int, flow: Coroutine[Any, Any, None]) -> bool:
    """Cancel the flow after so many turns of the loop; tell whether it was still going."""
    task = asyncio.create_task(flow)
    for _ in range(turns):
        await asyncio.sleep(0)
    going = task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return True
    return going


async def dialogue(
    endpoint: Endpoint, options: TLSOptions, look_up: Callable[[str, int], list[Address]]
) -> None:
    stream = await AsyncioConnector(look_up=look_up).connect(endpoint, SOON)
    try:
        await stream.start_tls(options, "localhost", SOON)
        await stream.write(b"x" * 3_000_000, SOON)
        received = 0
        while received < 3_000_000:
            received += len(await stream.read(SOON))
        await stream.poll()
        await stream.close()
    except BaseException:
        stream.abort()
        raise


@pytest.mark.parametrize("turns", [*range(40), 60, 100, 200, 400])
def test_cancelling_at_any_turn_leaves_nothing_open(
    turns: int, server_context: ssl.SSLContext, trusting: TLSOptions
) -> None:
    def play(connection: socket.socket) -> None:
        try:
            under_tls(server_context, echo)(connection)
        except OSError:  # The client went away, which is the point.
            return

    with nothing_left_open(), serve(play) as endpoint:
        target = Endpoint(host="smtp.example.com", port=endpoint.port)
        dead = v4(free_port())
        run_asyncio(cancelled_after(turns, dialogue(target, trusting, lambda host, port: [dead, v4(port)])))


@pytest.mark.parametrize("operation", ["read", "write", "start_tls"])
def test_cancelling_a_wait_leaves_nothing_open(operation: str, trusting: TLSOptions) -> None:
    async def flow() -> None:
        stream = await AsyncioConnector().connect(endpoint, SOON)
        try:
            if operation == "read":
                await stream.read(None)
            elif operation == "write":
                await stream.write(b"x" * 64 * 1024 * 1024, None)
            else:
                await stream.start_tls(trusting, "localhost", None)
        finally:
            stream.abort()

    def deaf(connection: socket.socket) -> None:
        over.wait(SOON)

    over = threading.Event()

    async def scenario() -> None:
        assert await cancelled_after(50, flow())
        over.set()

    with nothing_left_open(), serve(deaf) as endpoint:
        run_asyncio(scenario())


def test_cancelling_a_race_leaves_nothing_open() -> None:
    async def scenario(port: int) -> None:
        connector = AsyncioConnector(
            look_up=lambda *_: [v4(port), v4(port, "127.0.0.3"), v4(port, "127.0.0.4")]
        )
        flow = connector.connect(Endpoint(host="smtp.example.com", port=port), None)
        task = asyncio.create_task(flow)
        done, _ = await asyncio.wait([task], timeout=0.02)
        assert not done
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with black_hole() as port, nothing_left_open():
        run_asyncio(scenario(port))


def test_a_lookup_without_end_does_not_keep_the_program_waiting() -> None:
    over = threading.Event()

    def look_up(host: str, port: int) -> list[Address]:
        over.wait(SOON)
        return [v4(25)]

    async def scenario() -> None:
        connector = AsyncioConnector(look_up=look_up)
        task = asyncio.create_task(connector.connect(Endpoint(host="smtp.example.com", port=25), None))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with nothing_left_open():
        run_asyncio(scenario())
        assert not over.is_set()
    over.set()


def test_reads_and_writes_without_suspending_when_nothing_is_missing() -> None:
    async def scenario() -> None:
        stream = await AsyncioConnector().connect(endpoint, SOON)
        writing = stream.write(b"ping", SOON)
        with pytest.raises(StopIteration):
            writing.send(None)
        while (await stream.poll()) is None:
            pass
        await stream.write(b"pong", SOON)
        await asyncio.sleep(0)
        while not stream._channel.early:  # noqa: ASYNC110 - the loop is what is waited for
            await asyncio.sleep(0)
        reading = stream.read(SOON)
        with pytest.raises(StopIteration) as caught:
            reading.send(None)
        assert caught.value.value == b"pong"
        await stream.close()

    with serve(echo) as endpoint:
        run_asyncio(scenario())


def test_abort_after_the_loop_is_closed_closes_the_socket() -> None:
    async def scenario() -> Any:
        return await AsyncioConnector().connect(endpoint, SOON)

    with serve(silence) as endpoint:
        loop = asyncio.new_event_loop()
        stream = loop.run_until_complete(scenario())
        loop.close()
        transport = stream._channel._transport
        stream.abort()
        assert stream._channel._socket.fileno() == -1
        with pytest.warns(ResourceWarning, match="unclosed transport"):
            transport.__del__()
        transport._sock = None


def test_connecting_to_a_server_that_closes_at_once_leaves_nothing_open() -> None:
    async def scenario() -> None:
        stream = await AsyncioConnector().connect(endpoint, SOON)
        assert await stream.read(SOON) == b""
        await stream.close()

    with nothing_left_open(), serve(hang_up) as endpoint:
        run_asyncio(scenario())
