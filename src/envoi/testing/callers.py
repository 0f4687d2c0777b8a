"""Who has connected to a server of ours, each with the task that serves it.

`dismiss` ends all of them, also those that the system has accepted and asyncio is only about to announce, and
those whose task is cancelled before it began and so cannot close anything itself. What is said to a caller is
for `connection` and `player`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from envoi.testing.wire import Wire

__all__ = ["Callers"]

_TURNS = 3
"""Turns of the loop until a connection that was accepted is announced."""


class Callers:
    """The connections of one server.

    Attributes:
        tasks: what serves them, or has served them.
    """

    __slots__ = ("_wires", "tasks")

    def __init__(self) -> None:
        self._wires: list[Wire] = []
        self.tasks: list[asyncio.Task[None]] = []

    def admit(self, wire: Wire, service: Coroutine[Any, Any, None]) -> None:
        """Serve a new one."""
        self._wires.append(wire)
        self.tasks.append(asyncio.get_running_loop().create_task(service))

    async def dismiss(self, server: asyncio.Server) -> None:
        """Close the server and end all of them.

        Raises:
            Exception: what went wrong with one of them, if the server itself was at fault.
        """
        await _stop_accepting(server)
        server.close()
        for task in self.tasks:
            task.cancel()
        results = await asyncio.gather(*self.tasks, return_exceptions=True)
        for wire in self._wires:
            wire.abort()
            await wire.gone()
        self.tasks.clear()
        self._wires.clear()
        await server.wait_closed()
        for result in results:
            if isinstance(result, Exception):
                raise result


async def _stop_accepting(server: asyncio.Server) -> None:
    """Have those announced who are accepted already: a server that closes before that forgets them."""
    for listening in server.sockets:
        with suppress(NotImplementedError):  # the event loop of Windows
            asyncio.get_running_loop().remove_reader(listening)
    for _ in range(_TURNS):
        await asyncio.sleep(0)
