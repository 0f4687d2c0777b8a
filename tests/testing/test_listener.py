from __future__ import annotations

import asyncio

import pytest

from envoi.testing.listener import Listener
from envoi.testing.settings import ServerSettings


def listener(**options: object) -> Listener:
    return Listener(ServerSettings.of(security="plaintext", **options))  # type: ignore[arg-type]


def test_listens_on_a_port_of_its_own() -> None:
    async def scenario() -> None:
        one, other = listener(), listener()
        await one.start()
        await other.start()
        assert 0 != one.port != other.port != 0
        await one.close()
        await other.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", one.port)

    asyncio.run(scenario())


def test_starts_at_once() -> None:
    async def scenario() -> float:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        server = listener()
        await server.start()
        took = loop.time() - begun
        await server.close()
        return took

    # The best of several: the machine may be busy with something else.
    assert min(asyncio.run(scenario()) for _ in range(5)) < 0.02


def test_leaves_no_task_behind() -> None:
    async def scenario() -> None:
        server = listener()
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        await reader.readline()
        await server.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()

    asyncio.run(scenario())


def test_tells_when_the_server_itself_is_at_fault() -> None:
    from envoi.testing import faults

    def fail(answer: bytes) -> bytes:
        raise KeyError("a rewrite that fails")

    async def scenario() -> None:
        server = listener(faults=[faults.Fault(at="GREETING", rewrite=fail)])
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        with pytest.raises(KeyError, match="a rewrite that fails"):
            await server.close()

    asyncio.run(scenario())
