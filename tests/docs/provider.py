"""An OAuth 2.0 provider for the pages: it knows everybody, and gives each kind of client its token.

It stands for those of Google and Microsoft, whose names `world` leads here. What envoi does with a provider
that is real is tested elsewhere.
"""

from __future__ import annotations

import json
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["GOOGLE_TOKEN", "MICROSOFT_TOKEN", "PROGRAM_TOKEN", "running_provider"]

GOOGLE_TOKEN, MICROSOFT_TOKEN, PROGRAM_TOKEN = "of-google", "of-microsoft", "of-a-program"


class _Provider(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        answer = urlencode({"code": "a-code", "state": asked["state"][0]})
        self.send_response(302)
        self.send_header("Location", f"{asked['redirect_uri'][0]}?{answer}")
        self.end_headers()

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        body = json.dumps(_DEVICE if self.path.endswith("devicecode") else self._token(form)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _token(self, form: dict[str, list[str]]) -> dict[str, object]:
        alone: dict[str, object] = {"token_type": "Bearer", "expires_in": 3599}
        if form["grant_type"] == ["client_credentials"]:
            return alone | {"access_token": PROGRAM_TOKEN}
        token = MICROSOFT_TOKEN if "oauth2/v2.0" in self.path else GOOGLE_TOKEN
        return alone | {"access_token": token, "refresh_token": "for-later"}

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


_DEVICE = {
    "device_code": "a-device",
    "user_code": "ABCD-EFGH",
    "verification_uri": "https://microsoft.com/devicelogin",
    "expires_in": 900,
    "interval": 1,
}


@contextmanager
def running_provider(chain: Path) -> Iterator[int]:
    """Run it with this certificate, and give its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Provider)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
