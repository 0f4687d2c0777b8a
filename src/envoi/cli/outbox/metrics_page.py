"""``/metrics`` over HTTP while a worker works: for Prometheus, on an address of this machine's choice.

The standard library's server: one page, read-only, without a secret in it. What is on it is `prometheus`'
business.
"""

from __future__ import annotations

import socket
import threading
from argparse import ArgumentTypeError
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from envoi.cli.outbox.prometheus import exposition
from envoi.errors import ConfigError, OutboxError

if TYPE_CHECKING:
    from collections.abc import Generator

    from envoi.client.outbox import Outbox

__all__ = ["place_of", "serving"]

PATIENCE = 5.0


def place_of(text: str) -> tuple[str, int]:
    """Read ``HOST:PORT``; without a host, this machine alone."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or not 0 <= int(port) < 65536:
        raise ArgumentTypeError(f"{text!r} is not HOST:PORT, such as 127.0.0.1:9464 or [::1]:9464")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


@contextmanager
def serving(place: tuple[str, int] | None, outbox: Outbox) -> Generator[int]:
    """Serve the figures until the end; give the port, 0 where nothing is served.

    Raises:
        ConfigError: nobody can listen there.
    """
    if place is None:
        yield 0
        return
    try:
        server = _server(place[0])(place, _handler(outbox))
    except OSError as error:
        raise ConfigError(f"nobody can listen on {place[0]}:{place[1]}: {error.strerror or error}") from error
    thread = threading.Thread(target=server.serve_forever, name="envoi metrics", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _server(host: str) -> type[ThreadingHTTPServer]:
    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    return Server


def _handler(outbox: Outbox) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE

        def do_GET(self) -> None:
            if self.path.partition("?")[0] != "/metrics":
                self.send_error(404, "Look at /metrics")
                return
            try:
                page = exposition(outbox.stats()).encode()
            except OutboxError:
                self.send_error(503, "The outbox does not answer")
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing: the terminal is for mail."""

    return Handler
