"""A recorded dialogue over a socket: for clients that are not envoi's, and for the drivers.

`ScriptedServer` plays each connection of a transcript to the next client that connects. What the client
did wrong is raised when the server is closed. The same in memory, and faster, is `scripted`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from envoi.errors import UsageError
from envoi.testing.callers import Callers
from envoi.testing.certificates import default_certificate, server_context
from envoi.testing.listener import HOST
from envoi.testing.loop_thread import LoopThread
from envoi.testing.player import Chunking, Player
from envoi.testing.transcript import Action, parse
from envoi.testing.wire import LINGER_SECONDS, Wire

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

__all__ = ["ScriptedServer"]


class ScriptedServer:
    """A server on 127.0.0.1 and a free port that says what a transcript has it say; used by `with`.

    Its certificate is the one of `SMTPServer`, so clients trust `ca_file`. Serves any number of clients, of
    either colour, from a thread of its own; ``* refuse`` makes no sense here.

    Args:
        transcript: the text of a transcript, or its file; see `envoi.testing.transcript`.
        chunking: in what pieces the server's octets are written.
    """

    def __init__(self, transcript: str | Path, chunking: Chunking = Chunking.AT_ONCE) -> None:
        self._connections = list(parse(transcript))
        self._chunking = chunking
        self._players: list[Player] = []
        self._callers = Callers()
        self._thread: LoopThread | None = None
        self.host = HOST
        self.port = 0

    @property
    def ca_file(self) -> Path:
        """The authority that has signed the server's certificate."""
        return default_certificate().ca_file

    def start(self) -> Self:
        """Begin to listen; return the server."""
        if self._thread is not None:
            raise UsageError("the server is running already")
        self._thread = LoopThread()
        self._thread.run(self._listen())
        return self

    def close(self) -> None:
        """Stop.

        Raises:
            AssertionError: a client did something else than the transcript tells, or not all of it.
        """
        thread, self._thread = self._thread, None
        if thread is None:
            return
        try:
            thread.run(self._stop())
        finally:
            thread.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()

        def accept(wire: Wire) -> None:
            self._callers.admit(wire, self._play(wire))

        self._server = await loop.create_server(lambda: Wire(accept), HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        if self._unfinished:
            # What the client has said last may still be on its way.
            await asyncio.wait(self._callers.tasks, timeout=LINGER_SECONDS)
        await self._callers.dismiss(self._server)
        if left := self._unfinished:
            raise AssertionError(left)
        if self._connections:
            raise AssertionError("the client connected less often than the transcript tells")

    @property
    def _unfinished(self) -> str:
        return next((player.unfinished for player in self._players if player.unfinished), "")

    async def _play(self, wire: Wire) -> None:
        try:
            if not self._connections:
                raise AssertionError("the client connects once more than the transcript tells")
            player = Player(self._connections.pop(0), self._chunking)
            self._players.append(player)
            await _converse(wire, player)
        finally:
            wire.abort()
            await wire.gone()


async def _converse(wire: Wire, player: Player) -> None:
    while not wire.closed:
        while player.pieces:
            await asyncio.sleep(player.pieces[0].after)
            await wire.write(player.fetch())
        if player.ending is Action.RESET:
            wire.reset()
        elif player.ending is Action.CLOSE:
            await wire.leave()
        elif player.handshake_is_due:
            await _shake_hands(wire, player)
        elif player.deaf:
            await wire.gone()
        elif data := await wire.read():
            player.hear(data)
        else:
            return


async def _shake_hands(wire: Wire, player: Player) -> None:
    if player.shake_hands().action is Action.TLS_FAILED:
        wire.abort()
        return
    await wire.start_tls(server_context(default_certificate(), asks_client=False), 10.0)
