"""What a browser brings to the loopback address, bytes in and bytes out: `RequestReader`, `Visit`, `page`.

Just enough HTTP for one answer (RFC 9112): a GET with the fields in its address, or a POST with them in
a form. Sockets are `envoi.drivers.loopback`'s; whether a visitor is the one that is waited for,
`sign_in`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Request", "RequestReader", "Visit", "page"]

_LONGEST_REQUEST = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request.

    Attributes:
        method: ``GET`` or ``POST``.
        path: without the query.
        host: the Host header.
        fields: what was brought, from the query and the form; no name twice.
    """

    method: str
    path: str
    host: str
    fields: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request, and the way to answer it: whole bytes, once."""

    request: Request
    answer: Callable[[bytes], None]


class RequestReader:
    """Collects the bytes of one request."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Request | None:
        """Take what arrived; return the request once it is whole.

        Raises:
            ValueError: it is no request that a browser would send here, or too long.
        """
        self._buffer += data
        if len(self._buffer) > _LONGEST_REQUEST:
            raise ValueError("too long")
        head, found, body = bytes(self._buffer).partition(b"\r\n\r\n")
        if not found:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(_header(line) for line in lines)
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            raise ValueError("no length")
        if len(body) < int(length):
            return None
        return _request(first, headers, body[: int(length)])


def page(title: str, text: str, *, status: str = "200 OK") -> bytes:
    """Return a whole answer with a small page, which loads nothing and is kept nowhere."""
    body = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width">'
        "<style>body{font:1.1em/1.5 system-ui,sans-serif;max-width:32em;margin:15vh auto;padding:0 1em}"
        "@media(prefers-color-scheme:dark){body{background:#181818;color:#eee}}</style>"
        f"<h1>{escape(title)}</h1><p>{escape(text)}</p></html>"
    ).encode()
    head = (
        f"HTTP/1.1 {status}\r\n"
        "Content-Type: text/html; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\n"
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n"
        "Referrer-Policy: no-referrer\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode("ascii") + body


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise ValueError("not a header")
    return name.casefold(), value.strip()


def _request(first: str, headers: Mapping[str, str], body: bytes) -> Request:
    method, target, version = first.split(" ")
    if method not in {"GET", "POST"} or not version.startswith("HTTP/1."):
        raise ValueError("not for us")
    parts = urlsplit(target)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if method == "POST":
        pairs += parse_qsl(body.decode("utf-8"), keep_blank_values=True)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        # RFC 6749 §3.1: parameters must not come more than once.
        raise ValueError("a field twice")
    return Request(method=method, path=parts.path, host=headers.get("host", ""), fields=fields)
