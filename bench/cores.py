"""Senders and sinks share one core.

Waking a process on another core costs the one that wakes it, on virtual machines more than all of a lock-step
sender's own work, and where the scheduler puts whom changes from turn to turn. On one core nobody pays for
that, which is in favour of those who wait often. Behind a proxy that stands for a network everybody runs
where they like: there it is waiting that counts.
"""

from __future__ import annotations

import os

__all__ = ["pin"]


def pin(process: int) -> None:
    """Bind a process, and what it starts from now on, to the last of the cores that we may use."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process, {max(os.sched_getaffinity(0))})
