"""Connecting: by name, by address, by path; and every way in which it does not come about."""

from __future__ import annotations

import socket
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from envoi.drivers.happy_eyeballs import Address
from envoi.errors import ConfigError, ConnectionFailed, DeadlineExceeded, Disconnected, Phase, Retry
from envoi.ports import Endpoint
from tests.drivers.colours import SOON, Colour, nothing_left_open
from tests.drivers.peers import echo, hang_up, listen_unix, reset, serve, silence
from tests.servers.ports import PortPool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def v4(port: int, host: str = "127.0.0.1") -> Address:
    return Address(family=socket.AF_INET, location=(host, port))


def free_port() -> int:
    """A port where nobody listens, and that the kernel gives to nobody meanwhile."""
    with closing(PortPool()) as ports:
        return ports.take()


@contextmanager
def black_hole() -> Iterator[int]:
    """Listen with a queue that is full: further attempts are neither accepted nor refused."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting: list[socket.socket] = []
    try:
        while True:
            attempt = socket.socket()
            waiting.append(attempt)
            attempt.settimeout(0.05)
            try:
                attempt.connect(listener.getsockname())
            except TimeoutError:
                break
        yield listener.getsockname()[1]
    finally:
        for attempt in waiting:
            attempt.close()
        listener.close()


async def reach(
    colour: Colour, endpoint: Endpoint, addresses: list[Address], timeout: float | None = SOON
) -> str:
    connector = colour.connector(look_up=lambda host, port: addresses)
    stream = await connector.connect(endpoint, timeout)
    stream.abort()
    return stream.peer


def failure(colour: Colour, endpoint: Endpoint, timeout: float | None = SOON) -> ConnectionFailed:
    with nothing_left_open(), pytest.raises(ConnectionFailed) as caught:
        colour.run(colour.connect(endpoint, timeout))
    assert caught.value.phase is Phase.CONNECT
    return caught.value


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1"])
@pytest.mark.parametrize("timeout", [SOON, None])
def test_connects_by_name_and_by_address(colour: Colour, host: str, timeout: float | None) -> None:
    async def scenario() -> str:
        stream = await colour.connect(Endpoint(host=host, port=endpoint.port), timeout)
        await stream.close()
        return stream.peer

    with nothing_left_open(), serve(silence) as endpoint:
        assert colour.run(scenario()) == f"127.0.0.1:{endpoint.port}"


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_connects_by_ipv6_address(colour: Colour, host: str) -> None:
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no ::1")

    async def scenario() -> tuple[str, str | None]:
        stream = await colour.connect(Endpoint(host=host, port=endpoint.port))
        await stream.close()
        return stream.peer, stream.local_address

    with serve(silence, listener=listener) as endpoint:
        assert colour.run(scenario()) == (f"[::1]:{endpoint.port}", "::1")


def test_connects_to_a_unix_socket(colour: Colour, tmp_path: Path) -> None:
    async def scenario() -> tuple[str, str | None, bytes]:
        stream = await colour.connect(endpoint)
        await stream.write(b"LHLO\r\n", SOON)
        answer = await stream.read(SOON)
        await stream.close()
        return stream.peer, stream.local_address, answer

    with nothing_left_open():
        listener, endpoint = listen_unix(tmp_path)
        with serve(echo, listener=listener, endpoint=endpoint):
            assert colour.run(scenario()) == (endpoint.host, None, b"LHLO\r\n")


def test_tells_that_nobody_listens_on_a_unix_socket(colour: Colour, tmp_path: Path) -> None:
    error = failure(colour, Endpoint(host=f"{tmp_path}/nobody", port=0))
    assert "no such socket" in str(error)
    assert error.retry is Retry.LATER


def test_refused_connection_names_the_address_and_the_remedy(colour: Colour) -> None:
    port = free_port()
    error = failure(colour, Endpoint(host="localhost", port=port))
    assert f"could not connect to localhost:{port}: " in str(error)
    assert f"127.0.0.1:{port} refused the connection" in str(error)
    assert "is the port right" in error.remedy
    assert error.retry is Retry.LATER


def test_unknown_name_is_told(colour: Colour) -> None:
    def look_up(host: str, port: int) -> list[Address]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(ConnectionFailed, match=r"address of 'smtp\.example\.com': Name or service") as caught:
        colour.run(
            colour.connector(look_up=look_up).connect(Endpoint(host="smtp.example.com", port=25), SOON)
        )
    assert "spelt right" in caught.value.remedy


def test_name_lookup_ends_in_time_and_nobody_waits_for_it(colour: Colour) -> None:
    over = threading.Event()

    def look_up(host: str, port: int) -> list[Address]:
        over.wait(SOON)
        return []

    with pytest.raises(
        DeadlineExceeded, match=r"address of 'smtp\.example\.com' was not found within 0\.02 s"
    ):
        colour.run(
            colour.connector(look_up=look_up).connect(Endpoint(host="smtp.example.com", port=25), 0.02)
        )
    over.set()


def test_name_without_address_is_told(colour: Colour) -> None:
    with pytest.raises(ConnectionFailed, match="could not connect to"):
        colour.run(reach(colour, Endpoint(host="smtp.example.com", port=25), []))


def test_silent_address_ends_in_time(colour: Colour) -> None:
    with black_hole() as port, nothing_left_open(), pytest.raises(DeadlineExceeded) as caught:
        colour.run(colour.connect(Endpoint(host="127.0.0.1", port=port), 0.05))
    assert f"127.0.0.1:{port} did not answer" in str(caught.value)
    assert "irewalls" in caught.value.remedy
    assert caught.value.phase is Phase.CONNECT


def test_tries_the_next_address_when_the_first_refuses(colour: Colour) -> None:
    dead = v4(free_port())
    with nothing_left_open(), serve(hang_up) as endpoint:
        target = Endpoint(host="smtp.example.com", port=endpoint.port)
        assert colour.run(reach(colour, target, [dead, v4(endpoint.port)])) == f"127.0.0.1:{endpoint.port}"


def test_tries_the_next_address_beside_one_that_is_silent(colour: Colour) -> None:
    with black_hole() as dead, nothing_left_open(), serve(hang_up) as endpoint:
        target = Endpoint(host="smtp.example.com", port=endpoint.port)
        assert (
            colour.run(reach(colour, target, [v4(dead), v4(endpoint.port)])) == f"127.0.0.1:{endpoint.port}"
        )


def test_tells_of_every_address_that_failed(colour: Colour) -> None:
    one, two = free_port(), free_port()
    with nothing_left_open(), pytest.raises(ConnectionFailed) as caught:
        colour.run(reach(colour, Endpoint(host="smtp.example.com", port=25), [v4(one), v4(two)]))
    assert f"127.0.0.1:{one} refused the connection; 127.0.0.1:{two} refused the connection" in str(
        caught.value
    )


def test_no_time_at_all_tries_nothing(colour: Colour) -> None:
    with pytest.raises(DeadlineExceeded, match="was not tried"):
        colour.run(colour.connect(Endpoint(host="127.0.0.1", port=free_port()), 0))


def test_binds_the_source_address(colour: Colour) -> None:
    seen: list[str] = []

    def note(connection: socket.socket) -> None:
        seen.append(connection.getpeername()[0])

    async def scenario() -> str | None:
        stream = await colour.connect(
            Endpoint(host="127.0.0.1", port=endpoint.port, source_address="127.0.0.2")
        )
        assert await stream.read(SOON) == b""
        stream.abort()
        return stream.local_address

    with serve(note) as endpoint:
        assert colour.run(scenario()) == "127.0.0.2"
    assert seen == ["127.0.0.2"]


def test_source_address_of_another_family_is_refused(colour: Colour) -> None:
    error = failure(colour, Endpoint(host="127.0.0.1", port=25, source_address="::1"))
    assert "no IPv6 address to go with the source address ::1" in str(error)
    assert error.retry is Retry.NEVER


def test_source_address_of_another_machine_is_told(colour: Colour) -> None:
    error = failure(colour, Endpoint(host="127.0.0.1", port=25, source_address="192.0.2.1"))
    assert "not an address of this machine" in str(error)


@pytest.mark.parametrize(
    "endpoint",
    [
        Endpoint(host="smtp.example.com\r\nHost: x", port=25),
        Endpoint(host="smtp.example\0.com", port=25),
        Endpoint(host="/run/lmtp\n", port=25),
        Endpoint(host="", port=25),
        Endpoint(host="smtp..example.com", port=25),
        Endpoint(host="smtp example.com", port=25),
        Endpoint(host="a" * 64 + ".example", port=25),
        Endpoint(host="127.0.0.1", port=0),
        Endpoint(host="127.0.0.1", port=65536),
        Endpoint(host="127.0.0.1", port=25, source_address="localhost"),
    ],
    ids=lambda endpoint: repr(endpoint)[:50],
)
def test_refuses_what_is_no_endpoint_before_any_lookup(colour: Colour, endpoint: Endpoint) -> None:
    def look_up(host: str, port: int) -> list[Address]:
        raise AssertionError

    with pytest.raises(ConfigError):
        colour.run(colour.connector(look_up=look_up).connect(endpoint, SOON))


def test_looks_an_international_name_up_as_a_labels(colour: Colour) -> None:
    asked: list[str] = []

    def look_up(host: str, port: int) -> list[Address]:
        asked.append(host)
        return []

    with pytest.raises(ConnectionFailed):
        colour.run(colour.connector(look_up=look_up).connect(Endpoint(host="bücher.example", port=25), SOON))
    assert asked == ["xn--bcher-kva.example"]


def test_a_connection_that_is_reset_at_once_is_temporary(colour: Colour) -> None:
    async def scenario() -> None:
        stream = await colour.connect(endpoint)
        try:
            await stream.write(b"x", SOON)
            await stream.read(SOON)
        finally:
            stream.abort()

    with serve(reset) as endpoint, pytest.raises((Disconnected, ConnectionFailed)) as caught:
        colour.run(scenario())
    assert caught.value.retry is Retry.LATER


def test_runtimes_bring_the_clock_and_the_machine(colour: Colour) -> None:
    async def scenario() -> float:
        before = runtime.clock.monotonic()
        await runtime.clock.sleep(0.001)
        return runtime.clock.monotonic() - before

    runtime = colour.runtime()
    assert colour.run(scenario()) >= 0.001
    assert runtime.clock.now().tzinfo is not None
    assert runtime.hostname() == socket.gethostname()
    assert runtime.nonce() != runtime.nonce()
    assert b"," not in runtime.nonce()
