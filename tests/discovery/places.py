"""A web and a DNS on loopback, for searches: real TLS with an authority of our own, real DNS packets.

`Web` answers what `pages` says for a URL without its scheme; `through` is a client that takes every host to
it. `Names` answers MX, SRV and TXT questions from `records`.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from envoi.drivers import dns as dns_driver
from envoi.drivers import https, https_aio
from envoi.drivers.dns import NameServers
from envoi.testing.certificates import default_certificate, server_context

if TYPE_CHECKING:
    import pytest

    from envoi.discovery.ports import HTTPS, Document

PATIENCE = 30.0
"""Seconds; everybody here answers at once."""

Page = tuple[int, dict[str, str], bytes]


class Web:
    """An HTTPS server for all hosts."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[str] = []
        self.brought: set[str] = set()
        self.silent = threading.Event()
        web, self._released = self, threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = self.path.removeprefix("/")
                web.asked.append(url)
                web.brought.update(name.lower() for name in self.headers)
                if web.silent.is_set():
                    web._released.wait()
                    return
                status, headers, body = web.pages.get(url, (404, {}, b""))
                with suppress(OSError):
                    self.send_response(status)
                    for name, value in {**headers, "Content-Length": str(len(body))}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        context = server_context(default_certificate(), asks_client=False)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    def put(self, url: str, body: str | bytes = b"", *, status: int = 200, **headers: str) -> None:
        octets = body.encode() if isinstance(body, str) else body
        self.pages[url.removeprefix("https://")] = (status, headers, octets)

    def through(self, https: HTTPS) -> HTTPS:
        return _Through(https, self.port)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Through:
    """A client that takes all hosts to one server."""

    def __init__(self, https: HTTPS, port: int) -> None:
        self._https = https
        self._port = port

    async def get(self, url: str) -> Document:
        scheme, _, rest = url.partition("://")
        assert scheme == "https", "nothing may be asked over plain http"
        return await self._https.get(f"https://localhost:{self._port}/{rest}")


class Names:
    """A name server: `records["_submission._tcp.example.org", "SRV"] = ["0 1 587 mail.example.org."]`."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.rcode: dns.rcode.Rcode | None = None
        self.silent = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def servers(self, timeout: float = PATIENCE) -> NameServers:
        return NameServers(addresses=("127.0.0.1",), port=self._socket.getsockname()[1], timeout=timeout)

    def _serve(self) -> None:
        while True:
            packet, client = self._socket.recvfrom(4096)
            if not packet:
                return
            if not self.silent:
                self._socket.sendto(self._answer(dns.message.from_wire(packet)).to_wire(), client)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(query)
        name, kind = query.question[0].name, dns.rdatatype.to_text(query.question[0].rdtype)
        found = self.records.get((str(name).rstrip("."), kind))
        if self.rcode is not None:
            answer.set_rcode(self.rcode)
        elif found is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif found:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *found))
        return answer

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()


def plug(monkeypatch: pytest.MonkeyPatch, web: Web, names: Names) -> None:
    """Make this web and these names all the network there is."""
    options = https.HTTPOptions(timeout=PATIENCE, ca_file=default_certificate().ca_file)
    blocking, aio = https.BlockingHTTP(options), https_aio.AsyncioHTTP(options)
    monkeypatch.setattr(https, "BlockingHTTP", lambda _: web.through(blocking))
    monkeypatch.setattr(https_aio, "AsyncioHTTP", lambda _: web.through(aio))
    one, other = dns_driver.blocking_resolver(names.servers()), dns_driver.asyncio_resolver(names.servers())
    monkeypatch.setattr(dns_driver, "blocking_resolver", lambda _: one)
    monkeypatch.setattr(dns_driver, "asyncio_resolver", lambda _: other)
