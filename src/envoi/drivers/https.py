"""Forms and documents over HTTPS, by httpx2 (extra `oauth`): `BlockingHTTP`; the asyncio twin is `https_aio`.

A connection per question, for there is one an hour. Redirects are not followed and cookies not kept; an
answer is bounded in size and in time. What httpx2 raises is told as `TokenUnavailable`, once, here.
"""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Any

from envoi.errors import ConfigError, Phase, Retry, TokenUnavailable
from envoi.oauth.ports import HTTPAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

__all__ = ["BlockingHTTP", "Gathering", "HTTPOptions", "failure", "httpx", "reason"]

_LARGEST_BYTES = 1024 * 1024


class HTTPOptions:
    """How to connect.

    Args:
        timeout: seconds for a whole question.
        ca_file: PEM file of the authorities to trust instead of the system's.

    Raises:
        ConfigError: the file cannot be used.
    """

    def __init__(self, *, timeout: float = 30.0, ca_file: str | PathLike[str] | None = None) -> None:
        self.timeout = timeout
        try:
            # As everywhere in envoi, SSL_CERT_FILE and SSL_CERT_DIR are honoured.
            self.context = ssl.create_default_context(cafile=ca_file)
        except OSError as error:
            raise ConfigError(f"ca_file={str(ca_file)!r} cannot be used: {error.strerror}") from error

    def client_arguments(self) -> dict[str, Any]:
        """Return the arguments of an httpx2 client."""
        return {"verify": self.context, "timeout": self.timeout, "follow_redirects": False}


class Gathering:
    """An answer on its way."""

    def __init__(self, url: str, timeout: float) -> None:
        self._url = url
        self._until = time.monotonic() + timeout
        self._body = bytearray()

    def add(self, piece: bytes) -> None:
        """Take a piece.

        Raises:
            TokenUnavailable: it is too much, or too late.
        """
        self._body += piece
        if len(self._body) > _LARGEST_BYTES or time.monotonic() > self._until:
            raise failure(self._url, "it sends too much, or too slowly")

    def answer(self, response: Any) -> HTTPAnswer:
        """Return the answer, now whole."""
        headers = {name.casefold(): value for name, value in response.headers.items()}
        return HTTPAnswer(status=response.status_code, headers=headers, body=bytes(self._body))


class BlockingHTTP:
    """A client whose methods block."""

    def __init__(self, options: HTTPOptions) -> None:
        self._options = options

    async def get(self, url: str) -> HTTPAnswer:
        """Fetch a document; see `envoi.oauth.ports.HTTP`."""
        return self._ask("GET", url)

    async def post(
        self, url: str, form: Mapping[str, str], *, headers: Mapping[str, str] | None = None
    ) -> HTTPAnswer:
        """Send a form; see `envoi.oauth.ports.HTTP`."""
        return self._ask("POST", url, data=dict(form), headers=dict(headers or {}))

    async def post_json(
        self, url: str, content: Mapping[str, Any], *, headers: Mapping[str, str] | None = None
    ) -> HTTPAnswer:
        """Send a JSON object; see `envoi.oauth.ports.HTTP`."""
        return self._ask("POST", url, json=dict(content), headers=dict(headers or {}))

    def _ask(self, method: str, url: str, **content: Any) -> HTTPAnswer:
        library = httpx()
        gathering = Gathering(url, self._options.timeout)
        try:
            with (
                library.Client(**self._options.client_arguments()) as client,
                client.stream(method, url, **content) as response,
            ):
                for piece in response.iter_bytes():
                    gathering.add(piece)
                return gathering.answer(response)
        except library.HTTPError as error:
            raise failure(url, reason(error)) from error


def httpx() -> Any:
    """Return the library.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        import httpx2
    except ImportError:
        raise ConfigError("asking over HTTPS needs an extra: pip install 'envoi[oauth]'") from None
    return httpx2


def reason(error: Exception) -> str:
    """Say what happened, in words; the library's own hold no secret, and are often empty."""
    return str(error) or type(error).__name__


def failure(url: str, why: str) -> TokenUnavailable:
    """The error for a question without an answer; the address is told without its query."""
    server = httpx().URL(url).netloc.decode("ascii")
    return TokenUnavailable(
        f"no answer from {server}: {why}",
        phase=Phase.AUTH,
        retry=Retry.LATER,
        remedy="Does this machine reach the provider, through a proxy perhaps (HTTPS_PROXY)?",
    )
