"""Forms and documents over HTTPS for asyncio: `AsyncioHTTP`; options, limits and errors are `https`'s.

The whole of a question is bounded in time, whatever the server does meanwhile.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from envoi.drivers.https import Gathering, failure, httpx, reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envoi.drivers.https import HTTPOptions
    from envoi.oauth.ports import HTTPAnswer

__all__ = ["AsyncioHTTP"]


class AsyncioHTTP:
    """A client whose methods suspend."""

    def __init__(self, options: HTTPOptions) -> None:
        self._options = options

    async def get(self, url: str) -> HTTPAnswer:
        """Fetch a document; see `envoi.oauth.ports.HTTP`."""
        return await self._ask("GET", url)

    async def post(
        self, url: str, form: Mapping[str, str], *, headers: Mapping[str, str] | None = None
    ) -> HTTPAnswer:
        """Send a form; see `envoi.oauth.ports.HTTP`."""
        return await self._ask("POST", url, data=dict(form), headers=dict(headers or {}))

    async def post_json(
        self, url: str, content: Mapping[str, Any], *, headers: Mapping[str, str] | None = None
    ) -> HTTPAnswer:
        """Send a JSON object; see `envoi.oauth.ports.HTTP`."""
        return await self._ask("POST", url, json=dict(content), headers=dict(headers or {}))

    async def _ask(self, method: str, url: str, **content: Any) -> HTTPAnswer:
        library = httpx()
        gathering = Gathering(url, self._options.timeout)
        try:
            async with (
                asyncio.timeout(self._options.timeout),
                library.AsyncClient(**self._options.client_arguments()) as client,
                client.stream(method, url, **content) as response,
            ):
                async for piece in response.aiter_bytes():
                    gathering.add(piece)
                return gathering.answer(response)
        except library.HTTPError as error:
            raise failure(url, reason(error)) from error
        except TimeoutError as error:
            raise failure(url, f"nothing within {self._options.timeout:.0f} s") from error
