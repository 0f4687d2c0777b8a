"""Names for new things: `uuid7`, ascending with time (RFC 9562 §5.7).

Ascending names are appended to an index where random ones would be spread over all of it, and a list in the
order of names is a list in the order of time. Both engines of the outbox rely on that.
"""

from __future__ import annotations

import os
import threading
import time

__all__ = ["uuid7"]

_lock = threading.Lock()
_last = 0


def uuid7() -> str:
    """Return a new UUID of version 7 as 32 hexadecimal digits, above all that this process made before."""
    global _last  # noqa: PLW0603 - one clock for the process
    # RFC 9562 §6.2, method 3: the 12 bits behind the milliseconds are a fraction; it grows by one if it must.
    tick = (time.time_ns() << 12) // 1_000_000
    with _lock:
        tick = _last = max(tick, _last + 1)
    milliseconds, fraction = tick >> 12, tick & 0xFFF
    chance = int.from_bytes(os.urandom(8), "big") >> 2
    return f"{milliseconds << 80 | 7 << 76 | fraction << 64 | 2 << 62 | chance:032x}"
