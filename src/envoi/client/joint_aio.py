"""How tasks send together: `AsyncSMTPSession(…, window=…)`.

One task in the background drives turns for all, for as long as mails are queued; a caller awaits a future.
What a turn does is `envoi.session.joining`; the twin for threads is `joint`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias, cast

from envoi.session.joining import Joining, may_be_taken, received
from envoi.session.tally import MAYBE_REMEDY

if TYPE_CHECKING:
    from envoi.errors import EnvoiError
    from envoi.message.content import Content
    from envoi.message.envelope import Envelope
    from envoi.session.conversation import Conversation
    from envoi.session.joining import Joined
    from envoi.session.receipt import Receipt

    _Slot: TypeAlias = asyncio.Future[Receipt | EnvoiError]

__all__ = ["AsyncJoint"]


class AsyncJoint:
    """The tasks that share a session, and its window.

    Raises:
        ConfigError: the window is not a whole number from 1.
    """

    __slots__ = ("_driver", "_joining", "_lock")

    def __init__(self, conversation: Conversation, lock: asyncio.Lock, window: int) -> None:
        self._joining = Joining(conversation, window)
        self._lock = lock
        self._driver: asyncio.Task[None] | None = None

    async def send(self, content: Content, envelope: Envelope) -> Receipt:
        """Send a mail with those of others; see `AsyncSMTPSession.send`."""
        driver = self._driver
        if driver is not None and driver.done():
            driver = None
        # To ask which loop runs is a system call; the driver knows it.
        loop = asyncio.get_running_loop() if driver is None else driver.get_loop()
        slot: _Slot = loop.create_future()
        mail: Joined = slot, content, envelope
        self._joining.join(mail)
        if driver is None:
            self._driver = loop.create_task(self._drive())
            self._driver.add_done_callback(self._ended)
        try:
            result = await slot
        except asyncio.CancelledError as error:
            if not self._joining.leave(mail) and may_be_taken(await self._left_behind(slot)):
                error.add_note(MAYBE_REMEDY)
            raise
        return received(result)

    async def answered(self) -> None:
        """Wait until all who are here have their results."""
        if slots := cast("list[_Slot]", self._joining.slots):
            await asyncio.wait(slots)

    async def _drive(self) -> None:
        while self._joining.waiting:
            async with self._lock:
                await self._joining.drive()
            # Whoever has got a result, and sends again, takes part in the next turn.
            await asyncio.sleep(0)

    def _ended(self, driver: asyncio.Task[None]) -> None:
        # Not in `_drive`: a task that is cancelled before it begins runs nothing of it.
        if self._driver is driver:
            self._driver = None
            self._joining.dismiss(asyncio.CancelledError())

    async def _left_behind(self, slot: _Slot) -> Receipt | EnvoiError | None:
        """Return what is known of a mail under way, whose caller was cancelled.

        When nobody waits any more the connection is closed, as it is when a lone `send` is cancelled.
        """
        if not slot.cancelled():
            return slot.result()
        driver = self._driver
        if driver is not None and self._joining.deserted:
            # Whoever comes now has a driver of its own.
            self._driver = None
            driver.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait([driver])
        return self._joining.unclaimed(slot)
