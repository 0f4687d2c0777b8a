"""The blocking runner: drives a flow whose ports never suspend.

A flow is an ``async def`` over the Protocols in `envoi.ports`. With the asyncio driver it simply
runs in the loop. With the blocking driver every awaited method blocks and returns, so the flow
finishes within a single ``send(None)``; nothing here waits, schedules or starts an event loop.
Why it is done this way: docs/decisions/0001.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from envoi.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["NO_LOOP", "run_sync"]

NO_LOOP = (
    "a blocking session was given something asynchronous, such as an attachment from an async iterator "
    "or an async auth=: give it a plain one, or use AsyncSMTPSession"
)

T = TypeVar("T")


def run_sync(flow: Coroutine[Any, Any, T]) -> T:
    """Run a flow over blocking ports to its end and return its result.

    Raises:
        UsageError: the flow suspended. Our blocking ports never do, so something asynchronous was handed in.
    """
    try:
        flow.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    # Closing runs the flow's own clean-up; the connection it held is aborted there.
    flow.close()
    raise UsageError(NO_LOOP)
