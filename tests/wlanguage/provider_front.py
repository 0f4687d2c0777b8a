"""The provider under the addresses of Google: TLS in front of it, with its old paths.

The sign-in page redirects to the provider's own, as the real one does; tokens are fetched through.
"""

from __future__ import annotations

import ssl
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.certificates import CertificateAuthority
    from tests.servers.oidc_provider import OIDCProvider

__all__ = ["running_front"]


@contextmanager
def running_front(provider: OIDCProvider, ca: CertificateAuthority) -> Iterator[int]:
    """Run it, and give its port."""

    class Front(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            assert path == "/o/oauth2/auth"
            self.send_response(302)
            self.send_header("Location", f"{provider.issuer}/auth?{query}")
            self.end_headers()

        def do_POST(self) -> None:
            assert self.path == "/o/oauth2/token"
            form = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                answer = urllib.request.urlopen(f"{provider.issuer}/token", form, timeout=60)
            except urllib.error.HTTPError as refusal:
                answer = refusal
            with answer:
                body = answer.read()
                self.send_response(answer.status or 500)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(ca.good.chain)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
