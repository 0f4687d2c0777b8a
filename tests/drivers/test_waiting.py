from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from envoi.drivers import waiting
from envoi.drivers.waiting import READ, WRITE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Protocol

    class Wait(Protocol):
        def __call__(self, interests: Mapping[int, int], timeout: float | None) -> dict[int, int]: ...


@pytest.fixture(params=["_wait_poll", "_wait_select"])
def wait(request: pytest.FixtureRequest) -> Wait:
    return getattr(waiting, request.param)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_says_who_can_write(wait: Wait, pair: tuple[socket.socket, socket.socket]) -> None:
    assert wait({pair[0].fileno(): READ | WRITE}, 0) == {pair[0].fileno(): WRITE}


def test_says_who_can_read(wait: Wait, pair: tuple[socket.socket, socket.socket]) -> None:
    pair[1].send(b"x")
    assert wait({pair[0].fileno(): READ, pair[1].fileno(): READ}, None) == {pair[0].fileno(): READ}
    assert wait({pair[0].fileno(): READ | WRITE}, None) == {pair[0].fileno(): READ | WRITE}


@pytest.mark.parametrize("timeout", [-1, 0, 0.0004])
def test_ends_in_time(wait: Wait, pair: tuple[socket.socket, socket.socket], timeout: float) -> None:
    assert wait({pair[0].fileno(): READ}, timeout) == {}


def test_a_closed_peer_wakes_the_reader(wait: Wait, pair: tuple[socket.socket, socket.socket]) -> None:
    pair[1].close()
    assert wait({pair[0].fileno(): READ}, None) == {pair[0].fileno(): READ}


def test_a_refused_connection_wakes_the_writer(wait: Wait) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    with socket.socket() as attempt:
        attempt.setblocking(False)
        attempt.connect_ex(address)
        assert wait({attempt.fileno(): WRITE}, None) == {attempt.fileno(): WRITE}


@pytest.mark.parametrize("kind", ["_reading_poll", "_reading_select"])
def test_asks_one_socket_again_and_again(kind: str, pair: tuple[socket.socket, socket.socket]) -> None:
    readable = getattr(waiting, kind)(pair[0].fileno())
    assert not readable(0)
    assert not readable(0.0004)
    pair[1].send(b"x")
    assert readable(None)
    pair[0].recv(1)
    assert not readable(-1)
    pair[1].close()
    assert readable(None)
