"""Servers for the tests: a listener on loopback and a thread that plays one connection after another.

Every socket has a time limit, so a test that goes wrong ends; what a player raises is raised in
the test. Players are functions of a connected socket, closed for them at the end.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from envoi.ports import Endpoint

if TYPE_CHECKING:
    from pathlib import Path

Player = Callable[[socket.socket], object]
PATIENCE = 60.0


@contextmanager
def serve(
    *players: Player, listener: socket.socket | None = None, endpoint: Endpoint | None = None
) -> Iterator[Endpoint]:
    """Accept one connection per player, in order."""
    listener = listener or socket.create_server(("127.0.0.1", 0))
    listener.settimeout(PATIENCE)
    failures: list[BaseException] = []

    def play() -> None:
        for player in players:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # The test ended before it connected.
            with connection:
                connection.settimeout(PATIENCE)
                try:
                    player(connection)
                except BaseException as error:  # noqa: BLE001 - raised in the test
                    failures.append(error)
                    return

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield endpoint or Endpoint(host="127.0.0.1", port=listener.getsockname()[1])
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # Wakes a thread that still waits for a connection.
        thread.join(PATIENCE)
        listener.close()
    assert not thread.is_alive()
    for failure in failures:
        raise failure


def listen_unix(folder: Path) -> tuple[socket.socket, Endpoint]:
    path = str(folder / "listener")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen()
    return listener, Endpoint(host=path, port=0)


def echo(connection: socket.socket) -> None:
    while data := connection.recv(65536):
        connection.sendall(data)


def silence(connection: socket.socket) -> None:
    """Say nothing until the other end has had enough."""
    with suppress(ConnectionError):
        while connection.recv(65536):
            pass


def hang_up(connection: socket.socket) -> None:
    """Close at once."""


def reset(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def saying(data: bytes, then: Player = hang_up) -> Player:
    def say(connection: socket.socket) -> None:
        connection.sendall(data)
        then(connection)

    return say


def under_tls(context: ssl.SSLContext, player: Player = echo) -> Player:
    def play(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            player(secured)

    return play


def refusing_tls(context: ssl.SSLContext) -> Player:
    """Expect a handshake that the client, or we, break off."""

    def play(connection: socket.socket) -> None:
        with (
            suppress(ssl.SSLError, ConnectionError),
            context.wrap_socket(connection, server_side=True) as secured,
        ):
            silence(secured)

    return play
