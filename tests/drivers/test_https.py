from __future__ import annotations

import asyncio
import socket
import ssl
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from envoi.drivers.https import BlockingHTTP, HTTPOptions
from envoi.drivers.https_aio import AsyncioHTTP
from envoi.errors import ConfigError, Retry, TokenUnavailable
from envoi.session.run import run_sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from envoi.oauth.ports import HTTPAnswer
    from tests.servers.certificates import CertificateAuthority

COLOURS = pytest.mark.parametrize("colour", ["blocking", "asyncio"])
OK = b"HTTP/1.1 200 OK\r\nX-Word: Yes\r\nContent-Length: 2\r\n\r\n{}"


def asked(colour: str, url: str, options: HTTPOptions, form: dict[str, str] | None = None) -> HTTPAnswer:
    http: BlockingHTTP | AsyncioHTTP = (BlockingHTTP if colour == "blocking" else AsyncioHTTP)(options)
    run: Callable[[Any], HTTPAnswer] = run_sync if colour == "blocking" else asyncio.run
    return run(http.get(url) if form is None else http.post(url, form, headers={"authorization": "Basic x"}))


@contextmanager
def server(*pieces: bytes, context: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """Take one connection, read a while, write the pieces; give the address and what was read."""
    heard: list[bytes] = []
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(30)

        def serve() -> None:
            try:
                connection, _ = door.accept()
                connection.settimeout(30)
                if context is not None:
                    connection = context.wrap_socket(connection, server_side=True)
            except OSError:
                return
            with connection:
                try:
                    heard.append(connection.recv(65536))
                    for piece in pieces:
                        connection.sendall(piece)
                    if not pieces:
                        over.wait(30)
                except OSError:
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        scheme = "http" if context is None else "https"
        yield f"{scheme}://localhost:{door.getsockname()[1]}/token", heard
        over.set()
        thread.join()


@COLOURS
def test_sends_a_form_and_brings_the_answer(colour: str) -> None:
    with server(OK) as (url, heard):
        answer = asked(colour, url, HTTPOptions(), {"code": "a b"})
    assert (answer.status, answer.headers["x-word"], answer.body) == (200, "Yes", b"{}")
    assert heard[0].startswith(b"POST /token HTTP/1.1\r\n")
    assert b"uthorization: Basic x" in heard[0]


@COLOURS
def test_trusts_the_authority_it_was_given_and_no_other(colour: str, ca: CertificateAuthority) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca.good.certificate, ca.good.key)
    with server(OK, context=context) as (url, _):
        assert asked(colour, url, HTTPOptions(ca_file=ca.ca_file)).status == 200
    with (
        server(OK, context=context) as (url, _),
        pytest.raises(TokenUnavailable, match="no answer from localhost"),
    ):
        asked(colour, url, HTTPOptions())


@COLOURS
def test_follows_no_redirect(colour: str) -> None:
    with server(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n") as (
        url,
        _,
    ):
        assert asked(colour, url, HTTPOptions()).status == 302


@COLOURS
@pytest.mark.parametrize("pieces", [(), (b"HTTP/1.1 200 OK\r\n",), (b"gibberish\r\n\r\n",)])
def test_a_server_that_does_not_answer_is_named(colour: str, pieces: tuple[bytes, ...]) -> None:
    with (
        server(*pieces) as (url, _),
        pytest.raises(TokenUnavailable, match="no answer from localhost") as caught,
    ):
        asked(colour, f"{url}?secret=1", HTTPOptions(timeout=0.2))
    assert caught.value.retry is Retry.LATER
    assert "secret" not in str(caught.value)


@COLOURS
def test_an_endless_answer_is_cut_off(colour: str) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n"
    with server(head, b"x" * 3_000_000) as (url, _), pytest.raises(TokenUnavailable, match="too much"):
        asked(colour, url, HTTPOptions())


def test_an_authority_file_that_is_none_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ca_file"):
        HTTPOptions(ca_file=tmp_path / "missing.pem")


def test_without_the_extra_it_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(ConfigError, match=r"envoi\[oauth\]"):
        asked("blocking", "http://127.0.0.1:1/", HTTPOptions())
