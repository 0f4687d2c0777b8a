"""A web server for one answer: `LoopbackListener`, on this machine's own addresses alone.

Nothing here waits: `poll` does what can be done at once, so that one listener serves both colours.
Browsers open connections ahead and say nothing on them, so many may be open while one of them speaks.
Reading what is said is `envoi.oauth.visit`'s, believing it `sign_in`'s.
"""

from __future__ import annotations

import select
import socket
from contextlib import suppress
from functools import partial

from envoi.errors import ConfigError
from envoi.oauth.visit import RequestReader, Visit

__all__ = ["LoopbackListener"]

_MOST_VISITORS = 32
_CHUNK_BYTES = 16 * 1024


class LoopbackListener:
    """Listens on a loopback address; ``localhost`` is both of them.

    Args:
        host: ``127.0.0.1``, ``::1`` or ``localhost``.
        port: 0 for any free one.

    Raises:
        ConfigError: the port is taken.
    """

    def __init__(self, host: str, port: int) -> None:
        self._doors = _doors(host, port)
        self._visitors: dict[socket.socket, RequestReader] = {}

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._doors[0].getsockname()[1]
        return port

    def poll(self) -> Visit | None:
        """Return a whole request, if one has come; never waits."""
        readable, _, _ = select.select([*self._doors, *self._visitors], [], [], 0)
        for ready in readable:
            if ready in self._doors:
                self._let_in(ready)
            elif (visit := self._listen_to(ready)) is not None:
                return visit
        return None

    def close(self) -> None:
        """Stop listening, and hang up on everybody; safe to repeat."""
        for each in (*self._doors, *self._visitors):
            each.close()
        self._visitors.clear()

    def _let_in(self, door: socket.socket) -> None:
        with suppress(OSError):
            visitor, _ = door.accept()
            if len(self._visitors) >= _MOST_VISITORS:
                # The longest silent leaves.
                self._send_away(next(iter(self._visitors)))
            visitor.setblocking(False)
            self._visitors[visitor] = RequestReader()

    def _listen_to(self, visitor: socket.socket) -> Visit | None:
        try:
            data = visitor.recv(_CHUNK_BYTES)
            request = self._visitors[visitor].feed(data)
        except (OSError, ValueError):
            self._send_away(visitor)
            return None
        if request is not None:
            return Visit(request=request, answer=partial(self._answer, visitor))
        if not data:
            self._send_away(visitor)
        return None

    def _answer(self, visitor: socket.socket, page: bytes) -> None:
        # A page is smaller than any socket's buffer, so all of it goes at once.
        with suppress(OSError):
            visitor.sendall(page)
            visitor.shutdown(socket.SHUT_WR)
        self._send_away(visitor)

    def _send_away(self, visitor: socket.socket) -> None:
        self._visitors.pop(visitor, None)
        visitor.close()


def _doors(host: str, port: int) -> list[socket.socket]:
    if host != "localhost":
        return [_door(host, port)]
    first = _door("127.0.0.1", port)
    doors = [first]
    # The browser may ask either address; a machine may have no IPv6, or somebody else there.
    with suppress(ConfigError):
        doors.append(_door("::1", first.getsockname()[1]))
    return doors


def _door(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_MOST_VISITORS)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host} port {port} for the sign-in: {error.strerror}. Another program "
            f"may be there; "
            "choose another port, or 0 for any, in redirection_url"
        ) from error
