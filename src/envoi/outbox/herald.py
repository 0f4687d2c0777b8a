"""The program is told what became of its messages, by callbacks.

A flow beside the worker's, so that a slow or failing callback holds nothing up. It is told after the store
has it; the store's own events are the truth, and lose nothing when a process dies. The sender is told by
mail: `notifying`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from envoi.errors import EnvoiError
from envoi.outbox.desk import Stopped
from envoi.outbox.model import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi.outbox.desk import Channel
    from envoi.outbox.model import Event, MessageStatus, Settlement
    from envoi.outbox.store import Store

__all__ = ["Herald", "Listeners"]

_log = logging.getLogger("envoi.outbox")

#: Seconds between two looks for events, and between two waits for anything else.
LOOK, LONG = 1.0, 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """Who wants to know.

    Attributes:
        failed: called with each message of which a recipient has failed for good.
        event: called with each event, whoever made it.
    """

    failed: Callable[[MessageStatus], Any] | None = None
    event: Callable[[Event], Any] | None = None


@dataclass(frozen=True, slots=True)
class _Failed:
    message: str


class Herald:
    """Tells.

    Args:
        store: what is told about.
        channel: of its own.
        listeners: who is told.
    """

    def __init__(self, store: Store, *, channel: Channel[Any], listeners: Listeners) -> None:
        self._store = store
        self._channel = channel
        self._listeners = listeners
        self._position: int | None = None

    def hear(self, settlement: Settlement) -> None:
        """Take note of what was settled."""
        if any(one.state is State.FAILED for one in settlement.results):
            self._channel.put(_Failed(settlement.id))

    def stop(self) -> None:
        """Tell what is left to be told, and end."""
        self._channel.put(Stopped())

    async def run(self) -> None:
        """Tell until `stop`."""
        if self._listeners.event is not None:
            await self._guarded(self._begin)
        while True:
            news = await self._channel.get(LONG if self._listeners.event is None else LOOK)
            if isinstance(news, _Failed):
                await self._guarded(self._failed, news.message)
            await self._guarded(self._tell_events)
            if isinstance(news, Stopped):
                return

    async def _guarded(self, action: Callable[..., Any], *arguments: Any) -> None:
        try:
            await action(*arguments)
        except EnvoiError as error:
            _log.warning("nobody was told what became of a message: %s", error)
        except Exception:  # noqa: BLE001 - a callback of the program's
            _log.exception("a callback of the outbox failed")

    async def _begin(self) -> None:
        newest = await self._store.events(None)
        self._position = newest[-1].position if newest else 0

    async def _failed(self, message: str) -> None:
        if self._listeners.failed is not None:
            for status in await self._store.status([message]):
                await _call(self._listeners.failed, status)

    async def _tell_events(self) -> None:
        if self._listeners.event is None:
            return
        while some := await self._store.events(self._position or 0):
            for event in some:
                self._position = event.position
                await _call(self._listeners.event, event)


async def _call(callback: Callable[[Any], Any], argument: Any) -> None:
    made = callback(argument)
    if isawaitable(made):
        await made
