from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from typing import TYPE_CHECKING

import pytest

from envoi.testing.wire import ENOUGH, Wire

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Ends = tuple[Wire, asyncio.StreamReader, asyncio.StreamWriter]


def connected(
    scenario: Callable[[Wire, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> None:
    """Run a scenario over the two ends of a connection."""

    async def run() -> None:
        accepted: asyncio.Future[Wire] = asyncio.get_running_loop().create_future()
        server = await asyncio.get_running_loop().create_server(
            lambda: Wire(accepted.set_result), "127.0.0.1", 0
        )
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        wire = await accepted
        try:
            async with asyncio.timeout(5):
                await scenario(wire, reader, writer)
        finally:
            wire.abort()
            await wire.gone()
            writer.transport.abort()
            server.close()
            await server.wait_closed()

    asyncio.run(run())


def test_reads_until_the_end() -> None:
    async def scenario(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"NOOP\r\n")
        assert await wire.read() == b"NOOP\r\n"
        writer.write_eof()
        assert await wire.read() == b""
        await wire.write(b"221 bye\r\n")
        assert await reader.readline() == b"221 bye\r\n"

    connected(scenario)


def test_has_the_client_wait_when_nobody_reads() -> None:
    async def scenario(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        octets = bytes(16 * ENOUGH)
        writer.write(octets)
        received = 0
        while received < len(octets):
            received += len(await wire.read())
        assert received == len(octets)

    connected(scenario)


def test_waits_for_a_slow_client() -> None:
    async def scenario(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        octets = bytes(16 * ENOUGH)
        writing = asyncio.ensure_future(wire.write(octets))
        assert await reader.readexactly(len(octets)) == octets
        await writing

    connected(scenario)


def test_leaves_once_the_client_has_heard_everything() -> None:
    async def scenario(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"much that nobody will read\r\n" * 1000)
        await wire.write(b"421 bye\r\n")
        leaving = asyncio.ensure_future(wire.leave())
        assert await reader.read() == b"421 bye\r\n"
        writer.close()
        await leaving
        assert wire.closed

    connected(scenario)


def test_breaks_off() -> None:
    async def scenario(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire.reset()
        with pytest.raises(ConnectionResetError):
            await reader.read()
        await wire.write(b"into the void")
        await wire.leave()
        assert await wire.read() == b""

    connected(scenario)


def test_is_over_when_the_client_breaks_off_the_handshake() -> None:
    async def scenario(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handshake = asyncio.create_task(
            wire.start_tls(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), 5)
        )
        await asyncio.sleep(0)
        connected = writer.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        assert await handshake is None
        await wire.gone()

    connected(scenario)


def test_is_over_when_nobody_waits_for_the_handshake_any_more() -> None:
    async def scenario(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handshake = asyncio.create_task(
            wire.start_tls(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), 60)
        )
        await asyncio.sleep(0)
        handshake.cancel()
        with pytest.raises(asyncio.CancelledError):
            await handshake
        await wire.gone()

    connected(scenario)
