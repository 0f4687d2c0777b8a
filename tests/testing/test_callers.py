from __future__ import annotations

import asyncio
import gc
import socket
from contextlib import suppress

import pytest

from envoi.testing.listener import Listener
from envoi.testing.settings import ServerSettings


@pytest.mark.parametrize("turns", range(8))
def test_nobody_is_left_waiting_who_has_just_connected(turns: int) -> None:
    async def scenario() -> None:
        server = Listener(ServerSettings.of(security="plaintext"))
        await server.start()
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
            for _ in range(turns):
                await asyncio.sleep(0)
            await server.close()
            with suppress(ConnectionResetError):
                while client.recv(100):
                    pass

    asyncio.run(scenario())
    gc.collect()
