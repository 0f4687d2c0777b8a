"""How much a worker claims at once: twice its senders, and more while they are faster than that lasts.

A claim is a commit. Servers that answer within milliseconds would have a worker spend a third of its time on
claims of a few messages, while those who submit wait for theirs; slow ones must not have it sit on mail that
others could send. So what a worker takes is what it settled within `AHEAD` of late. The claiming itself is
in `worker`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envoi.ports import Clock

__all__ = ["Portions"]

#: For how long a claim should last, seconds.
AHEAD = 0.25
#: Messages per connection that are claimed at once, at least and at most.
LEAST, MOST = 2, 16


class Portions:
    """The portions of one worker.

    Args:
        connections: how many senders an account has, at most.
        clock: the machine's.
    """

    __slots__ = ("_clock", "_connections", "_settled", "_since", "size")

    def __init__(self, connections: int, clock: Clock) -> None:
        self._connections = connections
        self._clock = clock
        self._since = clock.monotonic()
        self._settled = 0
        self.size = LEAST * connections

    def settled(self, messages: int) -> None:
        """So many are done."""
        self._settled += messages

    def measure(self, accounts: int) -> int:
        """Return how many to claim now, with mail of so many accounts in hand; it is `size` until the next.

        With several accounts it is the least: the slow ones would have more in hand than they need.
        """
        now = self._clock.monotonic()
        elapsed, self._since = now - self._since, now
        done, self._settled = self._settled, 0
        wanted = int(AHEAD * done / elapsed) if elapsed > 0 and accounts < 2 else 0
        self.size = min(max(wanted, LEAST * self._connections), MOST * self._connections)
        return self.size
