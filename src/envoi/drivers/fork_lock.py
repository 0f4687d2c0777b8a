"""A lock that a forked child finds open: the thread that held it stayed with the parent.

Whoever uses one takes `ForkLock.held`, an ordinary lock, each time anew. What a child does with connections
that it inherited is for `stream`, which lets go of them.
"""

from __future__ import annotations

import os
import threading
from weakref import WeakSet

__all__ = ["ForkLock"]


class ForkLock:
    """One lock, and another in each child.

    Attributes:
        held: the lock of this process.
    """

    __slots__ = ("__weakref__", "held")

    def __init__(self) -> None:
        self.held = threading.Lock()
        _made.add(self)


_made: WeakSet[ForkLock] = WeakSet()


def _renew() -> None:
    for lock in _made:
        lock.held = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
