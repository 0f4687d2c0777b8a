"""The server itself: a listening socket, its connections, and what they have received.

Lives on one event loop; `server` puts it into a thread for the blocking colour.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from envoi.testing.callers import Callers
from envoi.testing.certificates import server_context
from envoi.testing.connection import Connection
from envoi.testing.fault_book import FaultBook
from envoi.testing.wire import Wire

if TYPE_CHECKING:
    from envoi.testing.received import ReceivedMessage
    from envoi.testing.settings import ServerSettings

__all__ = ["Listener"]

HOST = "127.0.0.1"


class Listener:
    """A listening server.

    Attributes:
        settings: how it behaves.
        faults: what it does wrong; may be added to at any time.
        messages: what it has received.
        dialogues: what was said, a list of lines per connection.
        port: where it listens; 0 before it does.
    """

    __slots__ = (
        "_arrival",
        "_book",
        "_callers",
        "_server",
        "dialogues",
        "faults",
        "messages",
        "port",
        "settings",
    )

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self.faults = list(settings.faults)
        self.messages: list[ReceivedMessage] = []
        self.dialogues: list[list[str]] = []
        self.port = 0
        self._book = FaultBook(self.faults)
        self._callers = Callers()

    async def start(self) -> None:
        """Begin to listen on a free port."""
        certificate = self.settings.certificate
        asks_client = "EXTERNAL" in self.settings.mechanisms
        context = None if certificate is None else server_context(certificate, asks_client=asks_client)
        loop = asyncio.get_running_loop()

        def accept(wire: Wire) -> None:
            connection = Connection(
                wire,
                len(self.dialogues) + 1,
                settings=self.settings,
                context=context,
                book=self._book,
                deliver=self._receive,
            )
            self.dialogues.append(connection.said)
            self._callers.admit(wire, connection.serve())

        self._arrival = asyncio.Event()
        self._server = await loop.create_server(lambda: Wire(accept), HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and end every connection.

        Raises:
            Exception: what went wrong in a connection, if the server itself was at fault.
        """
        await self._callers.dismiss(self._server)

    async def wait_for(self, count: int, timeout: float) -> list[ReceivedMessage]:
        """Return the messages as soon as there are so many.

        Raises:
            TimeoutError: there were fewer after `timeout` seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                while len(self.messages) < count:
                    self._arrival.clear()
                    await self._arrival.wait()
        except TimeoutError:
            raise TimeoutError(
                f"{len(self.messages)} of {count} messages came within {timeout:g} s"
            ) from None
        return self.messages

    def _receive(self, message: ReceivedMessage) -> None:
        self.messages.append(message)
        self._arrival.set()
