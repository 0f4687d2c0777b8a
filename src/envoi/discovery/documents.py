"""Fetching a document: HTTPS all the way, few redirects, a bounded size.

Whoever could change the answer on its way would get the password, so a redirect to plain HTTP ends the
matter. What the documents mean is in `autoconfig` and `pacc`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from envoi.errors import ConfigError

if TYPE_CHECKING:
    from envoi.discovery.ports import HTTPS

__all__ = ["fetch"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3
_LARGEST = 256 * 1024
"""Octets; real documents have two or three thousand."""


async def fetch(https: HTTPS, url: str) -> bytes:
    """Return the body of a document.

    Raises:
        ConfigError: there is none, or it may not be trusted.
        DeliveryError: nobody answered.
    """
    for _ in range(_MOST_REDIRECTS + 1):
        answer = await https.get(url)
        if answer.status not in _REDIRECTS:
            return _body(answer.status, answer.body)
        try:
            url = _next(url, answer.headers.get("location", ""))
        except ValueError:
            raise ConfigError("it redirects to nowhere") from None
    raise ConfigError(f"it redirects more than {_MOST_REDIRECTS} times")


def _body(status: int, body: bytes) -> bytes:
    if status != 200:
        raise ConfigError(f"it answers {status}")
    if len(body) > _LARGEST:
        raise ConfigError(f"it is larger than {_LARGEST // 1024} KiB")
    return body


def _next(url: str, location: str) -> str:
    following = urljoin(url, location)
    parts = urlsplit(following)
    if not location or not parts.hostname or any(not 32 < ord(char) < 127 for char in location):
        raise ConfigError("it redirects to nowhere")
    if parts.scheme != "https":
        raise ConfigError(f"it redirects to {parts.scheme}, where anybody on the way could change the answer")
    if parts.username is not None:
        raise ConfigError("it redirects with a user name")
    return following
