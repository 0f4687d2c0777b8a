"""Small proxies on loopback: HTTP CONNECT (RFC 9110 §9.3.6) and SOCKS5 with a password (RFC 1928, RFC 1929).

Each connection has a thread and reads what it needs, octet by octet; then two threads copy until either side
is done. `Proxy.asked_for` has the targets in order.
"""

from __future__ import annotations

import base64
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PASSWORD", "USER", "Proxy", "running_proxy"]

USER, PASSWORD = "mallory", "open sesame"


@dataclass(kw_only=True)
class Proxy:
    scheme: str
    port: int
    asked_for: list[str] = field(default_factory=list[str])

    def url(self, password: str) -> str:
        return f"{self.scheme}://{USER}:{password.replace(' ', '%20')}@127.0.0.1:{self.port}"


@contextmanager
def running_proxy(scheme: str) -> Iterator[Proxy]:
    handler = {"http": _HTTPConnect, "socks5": _SOCKS5}[scheme]
    with _Server(("127.0.0.1", 0), handler) as server:
        server.proxy = Proxy(scheme=scheme, port=server.server_address[1])
        # Python's own pause between looks for the end is half a second.
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.proxy
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingTCPServer):
    daemon_threads = False
    proxy: Proxy


class _Handler(StreamRequestHandler):
    rbufsize = 0

    def relay(self, host: str, port: int, agreed: bytes) -> None:
        assert isinstance(self.server, _Server)
        self.server.proxy.asked_for.append(f"{host}:{port}")
        with socket.create_connection((host, port), timeout=60) as target:
            self.connection.sendall(agreed)
            back = threading.Thread(target=_copy, args=(target, self.connection))
            back.start()
            _copy(self.connection, target)
            back.join()


class _HTTPConnect(_Handler):
    def handle(self) -> None:
        lines = iter(self.rfile.readline, b"\r\n")
        target = next(lines).split()[1].decode("ascii")
        credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode())
        if not any(line.strip() == b"Proxy-Authorization: Basic " + credentials for line in list(lines)):
            self.connection.sendall(
                b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
            )
            return
        host, _, port = target.rpartition(":")
        self.relay(host, int(port), b"HTTP/1.1 200 Connection established\r\n\r\n")


class _SOCKS5(_Handler):
    def handle(self) -> None:
        self.rfile.read(self.rfile.read(2)[1])
        self.connection.sendall(b"\x05\x02")
        user = self._counted(after=1)
        if (user, self._counted()) != (USER.encode(), PASSWORD.encode()):
            self.connection.sendall(b"\x01\x01")
            return
        self.connection.sendall(b"\x01\x00")
        assert self.rfile.read(4) == b"\x05\x01\x00\x03"  # CONNECT, to a name
        host = self._counted().decode("ascii")
        port = int.from_bytes(self.rfile.read(2), "big")
        self.relay(host, port, b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")

    def _counted(self, *, after: int = 0) -> bytes:
        self.rfile.read(after)
        return self.rfile.read(self.rfile.read(1)[0])


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
