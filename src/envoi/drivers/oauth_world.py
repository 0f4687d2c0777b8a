"""The world as `envoi.oauth` sees it, for blocking programs: `BlockingWorld`.

Also what both colours share: chance, the loopback listener, and the browser. The asyncio twin is
`oauth_world_aio`.
"""

from __future__ import annotations

import secrets
import threading
import webbrowser
from typing import TYPE_CHECKING, Any, TypeVar

from envoi.drivers.blocking import BlockingClock
from envoi.drivers.https import BlockingHTTP
from envoi.drivers.loopback import LoopbackListener

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from envoi.drivers.https import HTTPOptions

__all__ = ["BlockingWorld", "Chance", "open_browser", "random_bytes"]

T = TypeVar("T")

_SECRET_BYTES = 32
_system_chance = secrets.SystemRandom()


class Chance:
    """Chance and the listener, which have no colour."""

    def listen(self, host: str, port: int) -> LoopbackListener:
        """Listen on a loopback address."""
        return LoopbackListener(host, port)

    def secret(self) -> str:
        """Fresh random text: 256 bits in 43 characters."""
        return secrets.token_urlsafe(_SECRET_BYTES)

    def fraction(self) -> float:
        """A random number from 0 to 1."""
        return _system_chance.random()


class BlockingWorld(Chance):
    """Everything that the flows of `envoi.oauth` need, blocking."""

    def __init__(self, options: HTTPOptions) -> None:
        self.clock = BlockingClock()
        self.http = BlockingHTTP(options)

    async def undisturbed(self, flow: Coroutine[Any, Any, T]) -> T:
        """Run a flow to its end; nobody can cancel a thread."""
        return await flow


def random_bytes(count: int) -> bytes:
    """Fresh random bytes."""
    return secrets.token_bytes(count)


def open_browser(url: str) -> None:
    """Open an address in the person's browser.

    In a daemon thread: `webbrowser` waits for some browsers to end, and we must be listening before that.
    """
    threading.Thread(target=webbrowser.open, args=(url,), name="envoi-browser", daemon=True).start()
