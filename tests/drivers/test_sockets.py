"""Sockets, whatever waits on them: what arrives is acknowledged at once where Linux would take its time."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from envoi.drivers import aio_channel, blocking_channel
from envoi.drivers.aio_channel import AsyncioChannel
from envoi.drivers.blocking_channel import BlockingChannel
from envoi.drivers.sockets import acknowledging
from envoi.session.run import run_sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LINUX = pytest.mark.skipif(
    not hasattr(socket, "TCP_QUICKACK"), reason="Linux alone waits, and can be told not to"
)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    with ours, theirs:
        yield ours, theirs


@LINUX
def test_a_connection_is_told_to(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = pair
    ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
    acknowledging(ours)()
    assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK) == 1


def test_a_connection_that_is_gone_is_left_to_the_reader(pair: tuple[socket.socket, socket.socket]) -> None:
    acknowledge = acknowledging(pair[0])
    pair[0].close()
    acknowledge()


def test_elsewhere_there_is_nothing_to_do(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(socket, "TCP_QUICKACK", raising=False)
    acknowledging(pair[0])()


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no Unix sockets here")
def test_unix_sockets_have_nothing_of_the_kind() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        acknowledging(ours)()


@pytest.mark.parametrize("colour", ["blocking", "asyncio"])
def test_before_every_wait_for_more(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch, colour: str
) -> None:
    ours, theirs = pair
    ours.setblocking(False)
    replies = [b"250 2.0.0 queued\r\n", b"250 ok\r\n"]

    def answering(_: socket.socket) -> Callable[[], None]:
        """Them, who go on when what they said before has been acknowledged."""
        return lambda: theirs.sendall(replies.pop())

    monkeypatch.setattr(blocking_channel, "acknowledging", answering)
    monkeypatch.setattr(aio_channel, "acknowledging", answering)
    if colour == "blocking":
        channel = BlockingChannel(ours, peer="them", local_address=None)
        theirs.sendall(b"220 hello\r\n")
        assert run_sync(channel.read(5)) == b"220 hello\r\n"
        assert run_sync(channel.read(5)) == b"250 ok\r\n"
        run_sync(channel.write(b"NOOP\r\n", 5))
        theirs.sendall(b"250 2.0.0 noop\r\n")
        assert run_sync(channel.read(5)) == b"250 2.0.0 noop\r\n"
        assert run_sync(channel.read(5)) == b"250 2.0.0 queued\r\n"
        channel.abort()
    else:

        async def reading() -> None:
            loop = asyncio.get_running_loop()
            _, channel = await loop.create_connection(
                lambda: AsyncioChannel(ours, peer="them", local_address=None), sock=ours
            )
            theirs.sendall(b"220 hello\r\n")
            assert await channel.read(5) == b"220 hello\r\n"
            assert await channel.read(5) == b"250 ok\r\n"
            await channel.write(b"NOOP\r\n", 5)
            theirs.sendall(b"250 2.0.0 noop\r\n")
            assert await channel.read(5) == b"250 2.0.0 noop\r\n"
            assert await channel.read(5) == b"250 2.0.0 queued\r\n"
            channel.abort()

        asyncio.run(reading())
    assert replies == []
