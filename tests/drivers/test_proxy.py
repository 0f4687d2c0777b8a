"""SOCKS5 and HTTP CONNECT, against a small proxy on loopback."""

from __future__ import annotations

import base64
import socket
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from envoi.drivers.proxy import parse_proxy
from envoi.errors import ConfigError, ConnectionFailed, DeadlineExceeded, Phase
from envoi.ports import Endpoint
from tests.drivers.colours import SOON, Colour, nothing_left_open
from tests.drivers.peers import echo, hang_up, saying, serve, silence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.drivers.peers import Player


def relay(one: socket.socket, other: socket.socket) -> None:
    def pump() -> None:
        with suppress(OSError):
            while data := other.recv(65536):
                one.sendall(data)
            one.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=pump)
    thread.start()
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
    thread.join()


def exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += connection.recv(size - len(data))
    return data


def socks5(
    asked: list[tuple[str, int]], username: bytes = b"", password: bytes = b"", code: int = 0
) -> Player:
    def play(connection: socket.socket) -> None:
        _, count = exactly(connection, 2)
        methods = exactly(connection, count)
        if username:
            assert 2 in methods
            connection.sendall(b"\5\2")
            exactly(connection, 1)
            said = [exactly(connection, exactly(connection, 1)[0]) for _ in range(2)]
            right = said == [username, password]
            connection.sendall(b"\1\0" if right else b"\1\1")
            if not right:
                return
        else:
            connection.sendall(b"\5\0")
        assert exactly(connection, 4) == b"\5\1\0\3"  # A name: the proxy resolves it.
        host = exactly(connection, exactly(connection, 1)[0]).decode("ascii")
        port = int.from_bytes(exactly(connection, 2), "big")
        asked.append((host, port))
        if code:
            connection.sendall(bytes([5, code, 0, 1]) + bytes(6))
            return
        with socket.create_connection(("127.0.0.1", port)) as onward:
            connection.sendall(b"\5\0\0\1" + bytes(6))
            relay(connection, onward)

    return play


def http(
    asked: list[bytes], reply: bytes = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"
) -> Player:
    """Answer with the reply and the server's first words in one segment."""

    def play(connection: socket.socket) -> None:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += connection.recv(65536)
        asked.append(request)
        if b" 200 " not in reply:
            connection.sendall(reply)
            return
        port = int(request.split(b" ")[1].rpartition(b":")[2])
        with socket.create_connection(("127.0.0.1", port)) as onward:
            connection.sendall(reply + onward.recv(65536))
            relay(connection, onward)

    return play


def by_way_of(url: str) -> Endpoint:
    return Endpoint(host="mail.example", port=25, proxy=url)


async def converse(
    colour: Colour, endpoint: Endpoint, timeout: float | None = SOON
) -> tuple[str, bytes, bytes]:
    stream = await colour.connect(endpoint, timeout)
    greeting = await stream.read(SOON)
    await stream.write(b"EHLO\r\n", SOON)
    answer = await stream.read(SOON)
    await stream.close()
    return stream.peer, greeting, answer


@pytest.mark.parametrize("timeout", [SOON, None])
def test_goes_through_socks5(colour: Colour, timeout: float | None) -> None:
    asked: list[tuple[str, int]] = []
    with nothing_left_open(), serve(saying(b"220 hi\r\n", echo)) as server, serve(socks5(asked)) as proxy:
        endpoint = Endpoint(host="bücher.example", port=server.port, proxy=f"socks5://127.0.0.1:{proxy.port}")
        peer, greeting, answer = colour.run(converse(colour, endpoint, timeout))
    assert (greeting, answer) == (b"220 hi\r\n", b"EHLO\r\n")
    assert asked == [("xn--bcher-kva.example", server.port)]
    assert peer == f"xn--bcher-kva.example:{server.port} (through socks5://127.0.0.1:{proxy.port})"


def test_logs_in_to_socks5(colour: Colour) -> None:
    asked: list[tuple[str, int]] = []
    with serve(saying(b"220 hi\r\n", echo)) as server, serve(socks5(asked, b"joe", b"p@ss word")) as proxy:
        url = f"socks5h://joe:p%40ss%20word@127.0.0.1:{proxy.port}"
        colour.run(converse(colour, Endpoint(host="mail.example", port=server.port, proxy=url)))
    assert asked == [("mail.example", server.port)]


@pytest.mark.parametrize("timeout", [SOON, None])
def test_goes_through_http_and_loses_no_byte_of_the_greeting(colour: Colour, timeout: float | None) -> None:
    asked: list[bytes] = []
    with nothing_left_open(), serve(saying(b"220 hi\r\n", echo)) as server, serve(http(asked)) as proxy:
        url = f"http://joe:secret@127.0.0.1:{proxy.port}"
        endpoint = Endpoint(host="mail.example", port=server.port, proxy=url)
        _, greeting, answer = colour.run(converse(colour, endpoint, timeout))
    assert (greeting, answer) == (b"220 hi\r\n", b"EHLO\r\n")
    assert asked[0].startswith(b"CONNECT mail.example:%d HTTP/1.1\r\n" % server.port)
    assert base64.b64encode(b"joe:secret") in asked[0]


@pytest.mark.parametrize(
    ("scheme", "player", "words"),
    [
        ("socks5", socks5([], b"joe", b"other"), "did not connect to mail.example:25"),
        ("socks5", socks5([], code=2), "not allowed by ruleset"),
        ("socks5", hang_up, "did not connect to mail.example:25"),
        ("socks5", saying(b"HTTP/1.1 400 what\r\n\r\n"), "did not connect"),
        ("http", http([], b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"), "407"),
        ("http", http([], b"\xff\r\n\r\n"), "did not connect"),
        ("http", hang_up, "did not connect"),
    ],
)
def test_a_refusal_names_the_proxy_and_never_its_password(
    colour: Colour, scheme: str, player: Player, words: str
) -> None:
    with nothing_left_open(), serve(player) as proxy, pytest.raises(ConnectionFailed) as caught:
        colour.run(converse(colour, by_way_of(f"{scheme}://joe:secret@127.0.0.1:{proxy.port}")))
    assert words in str(caught.value)
    assert f"{scheme}://127.0.0.1:{proxy.port}" in str(caught.value)
    assert caught.value.phase is Phase.CONNECT
    error: BaseException | None = caught.value
    while error is not None:
        assert "secret" not in repr(error)
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("scheme", ["socks5", "http"])
def test_a_silent_proxy_ends_in_time(colour: Colour, scheme: str) -> None:
    with (
        nothing_left_open(),
        serve(silence) as proxy,
        pytest.raises(DeadlineExceeded, match="did not answer in time"),
    ):
        colour.run(converse(colour, by_way_of(f"{scheme}://127.0.0.1:{proxy.port}"), 0.5))


def trickle(connection: socket.socket) -> None:
    """A reply without end, faster than any time limit for one read."""
    with suppress(OSError):
        while True:
            connection.sendall(b"HTTP/1.1 200 OK\r\n" * 100)


def test_an_endless_reply_ends(colour: Colour) -> None:
    with serve(trickle) as proxy:
        endpoint = by_way_of(f"http://127.0.0.1:{proxy.port}")

        async def scenario() -> None:
            (await colour.connect(endpoint, SOON)).abort()

        colour.run(scenario())


@pytest.mark.parametrize(
    "url",
    [
        "socks5://127.0.0.1",
        "socks5://:1080",
        "ftp://127.0.0.1:21",
        "127.0.0.1:1080",
        "socks5://joe:secret@host:port",
        "socks5://joe:secret@host:99999",
        "http://joe:secret@ho\r\nst:3128",
        "http://joe:sec\0ret@host:3128",
        "http://joe:secret%0d%0a@host:3128",
        "http://joe:secret@[::1:3128",
        "",
    ],
)
def test_refuses_what_is_no_proxy_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_proxy(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["mail.example\r\nX: y", "mail.example HTTP/1.1", "mail\0"])
def test_refuses_a_target_that_would_forge_the_request(colour: Colour, host: str) -> None:
    with pytest.raises(ConfigError):
        colour.run(colour.connect(Endpoint(host=host, port=25, proxy="http://127.0.0.1:1")))


def test_a_proxy_has_no_password_as_text() -> None:
    proxy = parse_proxy("socks5://joe:secret@[::1]:1080")
    assert (proxy.host, proxy.port, proxy.password) == ("::1", 1080, "secret")
    assert "secret" not in f"{proxy} {proxy!r}"
    assert "secret" not in repr(Endpoint(host="x", port=25, proxy="socks5://joe:secret@[::1]:1080"))


@contextmanager
def without_library(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        for name in [name for name in sys.modules if name.startswith("python_socks")]:
            patch.delitem(sys.modules, name)
        patch.setitem(sys.modules, "python_socks", None)
        yield


def test_names_the_extra_when_the_library_is_missing(colour: Colour, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        without_library(monkeypatch),
        nothing_left_open(),
        serve(silence) as proxy,
        pytest.raises(ConfigError, match=r"envoi\[proxy\]"),
    ):
        colour.run(colour.connect(by_way_of(f"socks5://127.0.0.1:{proxy.port}")))
