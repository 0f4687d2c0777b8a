"""Waiting for non-blocking sockets, for the blocking colour.

Two functions over `select.poll`, or over `select.select` where there is no `poll` (Windows).
Sockets are never given a timeout of their own: the system call is tried first, and only when it
would block does anybody wait here, so a time limit costs nothing on the usual path. Signals need
no care: Python repeats the call with what is left of the time (PEP 475).
"""

from __future__ import annotations

import math
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["READ", "WRITE", "reading", "wait"]

READ = 1
WRITE = 2


def _wait_poll(interests: Mapping[int, int], timeout: float | None) -> dict[int, int]:
    poller = select.poll()
    for fileno, interest in interests.items():
        events = (select.POLLIN if interest & READ else 0) | (select.POLLOUT if interest & WRITE else 0)
        poller.register(fileno, events)
    ready: dict[int, int] = {}
    for fileno, events in poller.poll(_milliseconds(timeout)):
        if events & ~(select.POLLIN | select.POLLOUT):
            # Hung up or broken: the next system call, whichever was wanted, tells what it is.
            ready[fileno] = interests[fileno]
        else:
            ready[fileno] = (READ if events & select.POLLIN else 0) | (
                WRITE if events & select.POLLOUT else 0
            )
    return ready


def _milliseconds(timeout: float | None) -> int | None:
    # Rounded up: a wait of 0.4 ms must not become a busy loop.
    return None if timeout is None else max(0, math.ceil(timeout * 1000))


def _reading_poll(fileno: int) -> Callable[[float | None], bool]:
    poller = select.poll()
    poller.register(fileno, select.POLLIN)
    poll = poller.poll

    def is_readable(timeout: float | None) -> bool:
        return bool(poll(_milliseconds(timeout) if timeout else timeout))

    return is_readable


def _reading_select(fileno: int) -> Callable[[float | None], bool]:
    return lambda timeout: bool(_wait_select({fileno: READ}, timeout))


def _wait_select(interests: Mapping[int, int], timeout: float | None) -> dict[int, int]:
    reading = [fileno for fileno, interest in interests.items() if interest & READ]
    writing = [fileno for fileno, interest in interests.items() if interest & WRITE]
    limit = None if timeout is None else max(0.0, timeout)
    # On Windows a refused connection shows up in the third list only.
    readable, writable, broken = select.select(reading, writing, writing, limit)
    ready = dict.fromkeys(readable, READ)
    for fileno in (*writable, *broken):
        ready[fileno] = ready.get(fileno, 0) | WRITE
    return ready


wait = _wait_poll if hasattr(select, "poll") else _wait_select
"""Wait until one of the file descriptors is ready; return the ready ones and for what.

The interests, and the answer, are `READ`, `WRITE` or both. The timeout is in seconds, None waits
for ever; nothing in the answer means that the time is over.
"""

reading = _reading_poll if hasattr(select, "poll") else _reading_select
"""Return what waits, many times, until this file descriptor has something to read, and tells whether it has.

What it returns takes a timeout in seconds, or None, and serves one thread at a time.
"""
