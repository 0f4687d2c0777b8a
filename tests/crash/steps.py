"""Named steps at which a process can be killed: before and after each call of the ports.

Only for the crash suite: production code knows nothing of them. `Stepped` goes around a store, and
`SteppedCourier` around a courier; both tell `Steps`, which kills its own process at the step that was chosen.
`InFlight` keeps which messages may be on their way while nobody has written down what became of them.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import signal
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from envoi.client.courier import SessionCourier
    from envoi.outbox.courier import Attempt
    from envoi.outbox.model import Claim, Content
    from envoi.outbox.store import Store

__all__ = ["STEPS", "InFlight", "Stepped", "SteppedCourier", "Steps"]

_CALLS = (
    "claim",
    "content",
    "extend",
    "mark_dots",
    "settle",
    "give_back",
    "reap",
    "accounts",
    "suppressed",
    "keep",
    "put",
    "deliver",
    "permit",
    "rest",
)
#: Longer than a third of a lease, seconds.
DAWDLING = 1.6
_WIDTH = 16
_NOBODY = bytes(_WIDTH)
STEPS = tuple(f"{when} {call}" for call in _CALLS for when in ("before", "after"))
"""Every step that has a name."""


class InFlight:
    """Which messages may have their dot while no store knows: survives the process that writes it down."""

    SLOTS = 1024

    def __init__(self, path: Path) -> None:
        size = self.SLOTS * _WIDTH
        # Who was killed while he made the page had nothing on its way.
        if not path.exists() or path.stat().st_size < size:
            path.write_bytes(bytes(size))
        with path.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), size)
        self._slots: dict[str, int] = {}

    def begin(self, message: str) -> None:
        """The dot may be written from now on."""
        taken = set(self._slots.values())
        slot = self._slots[message] = next(number for number in range(self.SLOTS) if number not in taken)
        self._write(slot, UUID(message).bytes)

    def end(self, message: str) -> None:
        """What became of it is on disk."""
        slot = self._slots.pop(message, None)
        if slot is not None:
            self._write(slot, _NOBODY)

    def messages(self) -> list[UUID]:
        """Which there are, or were when the process died."""
        slots = (self._page[at : at + _WIDTH] for at in range(0, len(self._page), _WIDTH))
        return [UUID(bytes=octets) for octets in slots if octets != _NOBODY]

    def close(self) -> None:
        """Let go of the page."""
        self._page.close()

    def _write(self, slot: int, octets: bytes) -> None:
        self._page[slot * _WIDTH : (slot + 1) * _WIDTH] = octets


class Steps:
    """Counts steps, and kills the process at the chosen one.

    Args:
        fatal: the step; empty for none.
        passes: how often it is survived before.
    """

    def __init__(self, fatal: str = "", passes: int = 0) -> None:
        self.fatal = fatal
        self._left = passes

    def reach(self, step: str) -> None:
        """Be there."""
        if step != self.fatal:
            return
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


class Stepped:
    """A store whose calls are steps."""

    def __init__(self, store: Store, steps: Steps, in_flight: InFlight | None = None) -> None:
        self._store = store
        self._steps = steps
        self._in_flight = in_flight

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        async def called(*arguments: Any, **options: Any) -> Any:
            self._steps.reach(f"before {name}")
            result = await method(*arguments, **options)
            if name == "settle" and self._in_flight is not None:
                for settlement in arguments[0]:
                    self._in_flight.end(settlement.id)
            self._steps.reach(f"after {name}")
            return result

        return called


class SteppedCourier:
    """A courier whose calls are steps."""

    def __init__(self, courier: SessionCourier, steps: Steps, in_flight: InFlight) -> None:
        self._courier = courier
        self._steps = steps
        self._in_flight = in_flight

    async def deliver(
        self,
        claim: Claim,
        recipients: tuple[str, ...],
        content: Content,
        permit: Callable[[], Awaitable[None]],
    ) -> Attempt:
        """As it is."""

        async def stepped() -> None:
            self._steps.reach("before permit")
            await permit()
            self._in_flight.begin(claim.id)
            self._steps.reach("after permit")

        self._steps.reach("before deliver")
        if self._steps.fatal.endswith("extend"):
            await _dawdle()
        attempt = await self._courier.deliver(claim, recipients, content, stepped)
        self._steps.reach("after deliver")
        return attempt

    async def be_ready(self) -> None:
        """As it is."""
        await self._courier.be_ready()

    async def rest(self) -> None:
        """As it is."""
        self._steps.reach("before rest")
        await self._courier.rest()
        self._steps.reach("after rest")


async def _dawdle() -> None:
    """Have a mail in hand for longer than a heartbeat takes to come, in either colour."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        time.sleep(DAWDLING)  # noqa: ASYNC251 - the blocking colour blocks
    else:
        await asyncio.sleep(DAWDLING)
