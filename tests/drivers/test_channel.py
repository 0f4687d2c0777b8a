"""The contract of both channels, through the streams that stand on them."""

from __future__ import annotations

import select
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from envoi.drivers.channel import EARLY_LIMIT
from envoi.errors import DeadlineExceeded, Disconnected
from tests.drivers.colours import SOON, Colour, nothing_left_open
from tests.drivers.peers import echo, hang_up, listen_unix, reset, saying, serve, silence

if TYPE_CHECKING:
    import socket
    from pathlib import Path
    from typing import Any

    from envoi.drivers.stream import NetworkStream


def test_reads_what_was_written(colour: Colour) -> None:
    async def scenario() -> bytes:
        stream = await colour.connect(endpoint)
        await stream.write(b"EHLO there\r\n", SOON)
        answer = await stream.read(SOON)
        await stream.close()
        return answer

    with nothing_left_open(), serve(echo) as endpoint:
        assert colour.run(scenario()) == b"EHLO there\r\n"


@pytest.mark.parametrize("data", [bytearray(b"abc"), memoryview(b"abc")])
def test_writes_any_kind_of_bytes(colour: Colour, data: bytearray | memoryview) -> None:
    async def scenario() -> bytes:
        stream = await colour.connect(endpoint)
        await stream.write(data, SOON)
        answer = await stream.read(SOON)
        await stream.close()
        return answer

    with serve(echo) as endpoint:
        assert colour.run(scenario()) == b"abc"


def test_names_both_ends(colour: Colour) -> None:
    async def scenario() -> tuple[str, str | None]:
        stream = await colour.connect(endpoint)
        stream.abort()
        return stream.peer, stream.local_address

    with serve(hang_up) as endpoint:
        assert colour.run(scenario()) == (f"127.0.0.1:{endpoint.port}", "127.0.0.1")


def test_end_reads_as_nothing_more_than_once(colour: Colour) -> None:
    async def scenario() -> list[bytes | None]:
        stream = await colour.connect(endpoint)
        seen = [
            await stream.read(SOON),
            await stream.read(SOON),
            await stream.read(SOON),
            await stream.poll(),
        ]
        await stream.close()
        return seen

    with serve(saying(b"bye\r\n")) as endpoint:
        assert colour.run(scenario()) == [b"bye\r\n", b"", b"", b""]


def test_reset_is_a_disconnection(colour: Colour) -> None:
    async def scenario() -> None:
        stream = await colour.connect(endpoint)
        try:
            await stream.write(b"x", SOON)
            await stream.read(SOON)
        finally:
            stream.abort()

    with (
        nothing_left_open(),
        serve(reset) as endpoint,
        pytest.raises(Disconnected, match="reset the connection") as caught,
    ):
        colour.run(scenario())
    assert isinstance(caught.value.__cause__, OSError)


def test_silence_ends_in_time(colour: Colour) -> None:
    async def scenario() -> None:
        stream = await colour.connect(endpoint)
        try:
            await stream.read(0.02)
        finally:
            stream.abort()

    with (
        nothing_left_open(),
        serve(silence) as endpoint,
        pytest.raises(DeadlineExceeded, match=r"sent nothing for 0\.02 s"),
    ):
        colour.run(scenario())


def test_a_short_wait_may_follow_a_long_one(colour: Colour) -> None:
    async def scenario() -> None:
        stream = await colour.connect(endpoint)
        try:
            await stream.read(3600)
            with pytest.raises(DeadlineExceeded):
                await stream.read(0.02)
            with pytest.raises(DeadlineExceeded):
                await stream.read(0.04)
        finally:
            stream.abort()

    with serve(saying(b"220 hello\r\n", silence)) as endpoint:
        colour.run(scenario())


def test_waits_for_ever_without_a_timeout(colour: Colour) -> None:
    async def scenario() -> bytes:
        stream = await colour.connect(endpoint, None)
        await stream.write(b"x" * 3_000_000, None)
        answer = await stream.read(None)
        await stream.close()
        return answer

    def late(connection: socket.socket) -> None:
        left = 3_000_000
        while left:
            left -= len(connection.recv(65536))
        connection.sendall(b"done")

    with serve(late) as endpoint:
        assert colour.run(scenario()) == b"done"


def test_poll_never_waits(colour: Colour) -> None:
    async def scenario() -> None:
        stream = await colour.connect(endpoint)
        assert await stream.poll() is None
        await stream.write(b"ping", SOON)
        while (answer := await stream.poll()) is None:
            pass
        assert answer == b"ping"
        assert await stream.poll() is None
        await stream.close()

    with serve(echo) as endpoint:
        colour.run(scenario())


def test_poll_tells_a_reset(colour: Colour) -> None:
    async def scenario() -> None:
        stream = await colour.connect(endpoint)
        try:
            await stream.write(b"x", SOON)
            while await stream.poll() is None:
                pass
        finally:
            stream.abort()

    with serve(reset) as endpoint, pytest.raises(Disconnected):
        colour.run(scenario())


EIGHT = 8 * 1024 * 1024


def blurt(connection: socket.socket) -> None:
    """Write much before reading any of what the other end writes."""
    connection.sendall(b"x" * 900_000)
    received = 0
    while received < EIGHT:
        received += len(connection.recv(65536))
    connection.sendall(b"all here")


def test_two_ends_that_both_write_do_not_block_each_other(colour: Colour) -> None:
    async def scenario() -> int:
        stream = await colour.connect(endpoint)
        await stream.write(b"y" * EIGHT, SOON)
        received = b""
        while not received.endswith(b"all here"):
            received += await stream.read(SOON)
        await stream.close()
        return len(received)

    with serve(blurt) as endpoint:
        assert colour.run(scenario()) == 900_000 + 8


def flood(connection: socket.socket) -> None:
    """Write until the other end has had enough, and read nothing."""
    with suppress(ConnectionError):
        while True:
            connection.sendall(b"x" * 1024 * 1024)


def test_a_peer_that_only_writes_is_held_back_and_ends_in_time(colour: Colour) -> None:
    async def scenario() -> int:
        stream = await colour.connect(endpoint)
        try:
            with pytest.raises(DeadlineExceeded, match="took no data"):
                await stream.write(b"y" * 64 * 1024 * 1024, 0.05)
            while len(stream._channel.early) < EARLY_LIMIT:  # The peer may have been slow to begin.
                with suppress(DeadlineExceeded):
                    await stream.write(b"y" * 1024 * 1024, 0.05)
            return len(stream._channel.early)
        finally:
            stream.abort()

    with nothing_left_open(), serve(flood) as endpoint:
        assert EARLY_LIMIT <= colour.run(scenario()) <= EARLY_LIMIT + 512 * 1024


def sip(connection: socket.socket) -> None:
    """Take some, look away, take some more: slower in all than one time limit, never for a whole one."""
    for _ in range(22):
        select.select([], [], [], 0.1)
        connection.recv(50_000)
    while not connection.recv(100_000).endswith(b"."):
        pass
    connection.sendall(b"enough")


@pytest.mark.slow
def test_the_timeout_of_a_write_is_for_progress(colour: Colour, tmp_path: Path) -> None:
    async def scenario() -> bytes:
        stream = await colour.connect(endpoint)
        try:
            await stream.write(b"y" * 2_000_000 + b".", 2.0)
            return await stream.read(SOON)
        finally:
            stream.abort()

    listener, endpoint = listen_unix(tmp_path)
    with serve(sip, listener=listener, endpoint=endpoint):
        assert colour.run(scenario()) == b"enough"


def refuse_and_reset(connection: socket.socket) -> None:
    connection.recv(1)
    connection.sendall(b"552 too much\r\n")
    # Closing with unread bytes resets the connection.


def test_what_had_arrived_can_be_read_after_a_failed_write(colour: Colour) -> None:
    async def scenario() -> bytes:
        stream = await colour.connect(endpoint)
        try:
            with pytest.raises(Disconnected):
                await stream.write(b"y" * 64 * 1024 * 1024, SOON)
            return await stream.read(SOON)
        finally:
            stream.abort()

    with nothing_left_open(), serve(refuse_and_reset) as endpoint:
        assert colour.run(scenario()) == b"552 too much\r\n"


def test_abort_may_come_twice_and_at_any_moment(colour: Colour) -> None:
    async def scenario() -> None:
        stream = await colour.connect(endpoint)
        stream.abort()
        stream.abort()
        await stream.close()
        for use in (stream.read(SOON), stream.poll(), stream.write(b"x", SOON)):
            with pytest.raises(Disconnected):
                await use

    with nothing_left_open(), serve(hang_up) as endpoint:
        colour.run(scenario())


def socket_of(stream: NetworkStream) -> socket.socket:
    channel: Any = stream._channel
    return channel._socket


def test_closing_with_unread_bytes_still_delivers_what_was_written_last(colour: Colour) -> None:
    heard: list[bytes] = []

    def listen(connection: socket.socket) -> None:
        connection.sendall(b"421 unread\r\n")
        while data := connection.recv(65536):
            heard.append(data)

    async def scenario() -> None:
        stream = await colour.connect(endpoint)
        select.select([socket_of(stream)], [], [], SOON)
        await stream.write(b"QUIT\r\n", SOON)
        await stream.close()

    with nothing_left_open(), serve(listen) as endpoint:
        colour.run(scenario())
    assert b"".join(heard) == b"QUIT\r\n"
