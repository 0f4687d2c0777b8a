from __future__ import annotations

import http.client
import socket
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from envoi.drivers.loopback import LoopbackListener
from envoi.errors import ConfigError
from envoi.oauth.visit import page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.oauth.visit import Visit

GET = b"GET /?state=s HTTP/1.1\r\nHost: h\r\n\r\n"


@pytest.fixture
def listener() -> Iterator[LoopbackListener]:
    with closing(LoopbackListener("localhost", 0)) as made:
        yield made


def awaited(listener: LoopbackListener) -> Visit:
    pause = threading.Event()
    for _ in range(6000):
        visit = listener.poll()
        if visit is not None:
            return visit
        pause.wait(0.005)
    raise AssertionError("nobody came")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_hears_both_addresses_and_answers(listener: LoopbackListener, address: str) -> None:
    assert listener.poll() is None
    with socket.create_connection((address, listener.port), timeout=30) as browser:
        browser.sendall(GET)
        visit = awaited(listener)
        assert visit.request.fields == {"state": "s"}
        visit.answer(page("Hello", "there"))
        response = http.client.HTTPResponse(browser)
        response.begin()
        assert b"there" in response.read()
        assert browser.recv(1) == b""
        response.close()


def test_a_connection_that_says_nothing_keeps_nobody_waiting(listener: LoopbackListener) -> None:
    with (
        socket.create_connection(("127.0.0.1", listener.port)),
        socket.create_connection(("127.0.0.1", listener.port), timeout=30) as browser,
    ):
        browser.sendall(GET)
        awaited(listener).answer(b"x")
        assert browser.recv(9) == b"x"


def test_nonsense_is_hung_up_on(listener: LoopbackListener) -> None:
    with (
        socket.create_connection(("127.0.0.1", listener.port), timeout=30) as rude,
        socket.create_connection(("127.0.0.1", listener.port)) as leaving,
    ):
        rude.sendall(b"HELO\r\n\r\n")
        leaving.shutdown(socket.SHUT_WR)
        with socket.create_connection(("127.0.0.1", listener.port), timeout=30) as browser:
            browser.sendall(GET)
            awaited(listener).answer(b"")
        assert listener.poll() is None
        assert rude.recv(1) == b""


def test_a_crowd_is_bounded(listener: LoopbackListener) -> None:
    crowd = []
    for _ in range(40):
        crowd.append(socket.create_connection(("127.0.0.1", listener.port), timeout=30))
        listener.poll()
    with socket.create_connection(("127.0.0.1", listener.port), timeout=30) as browser:
        browser.sendall(GET)
        awaited(listener).answer(b"x")
    assert crowd[0].recv(1) == b""
    for each in crowd:
        each.close()


def test_a_browser_that_has_left_is_no_trouble(listener: LoopbackListener) -> None:
    with socket.create_connection(("127.0.0.1", listener.port)) as browser:
        browser.sendall(GET)
        visit = awaited(listener)
    visit.answer(page("Hello", "there"))
    visit.answer(page("Hello", "again"))


def test_a_port_that_is_taken_is_named(listener: LoopbackListener) -> None:
    with pytest.raises(ConfigError, match=f"port {listener.port} .*Another program may be there"):
        LoopbackListener("127.0.0.1", listener.port)


def test_closed_is_closed(listener: LoopbackListener) -> None:
    port = listener.port
    with socket.create_connection(("127.0.0.1", port), timeout=30) as browser:
        listener.poll()
        listener.close()
        listener.close()
        assert browser.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=30)
