"""The world as `envoi.oauth` sees it, for asyncio: `AsyncioWorld`; what has no colour is `oauth_world`'s.

The one thing of its own is `undisturbed`: a renewal that is cancelled half-way would lose the refresh
token that the provider has just given for the old one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from envoi.drivers.aio import AsyncioClock
from envoi.drivers.https_aio import AsyncioHTTP
from envoi.drivers.oauth_world import Chance

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from envoi.drivers.https import HTTPOptions

__all__ = ["AsyncioWorld"]

T = TypeVar("T")


class AsyncioWorld(Chance):
    """Everything that the flows of `envoi.oauth` need, for asyncio."""

    def __init__(self, options: HTTPOptions) -> None:
        self.clock = AsyncioClock()
        self.http = AsyncioHTTP(options)

    async def undisturbed(self, flow: Coroutine[Any, Any, T]) -> T:
        """Run a flow to its end; a cancellation waits for that, which the limits of `https` bound."""
        task = asyncio.ensure_future(flow)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            # What it ended in is stored, or told to the next who asks; here it is only taken note of.
            if not task.cancelled():
                task.exception()
            raise
