"""The one lock around every commit and checkpoint of all processes: `CommitLock`.

SQLite up to 3.51.2 can lose a committed transaction when a checkpoint and a commit of two connections
overlap; here they cannot. It is also faster than SQLite's own waiting, which naps: with it sixteen writers
get three times as much done, and nobody starves (docs/decisions/0080). The lock is the operating
system's and ends with its process.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CommitLock"]

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        # LK_LOCK gives up after ten seconds.
        while True:
            try:
                os.lseek(descriptor, 0, os.SEEK_SET)
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            except OSError:
                continue
            return

    def _give(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _give(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


class CommitLock:
    """The lock, as one process has it; its threads take turns before they come here."""

    __slots__ = ("_descriptor",)

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def __enter__(self) -> None:
        _take(self._descriptor)

    def __exit__(self, *_: object) -> None:
        # Unlocked, not closed: a forked child may have the same description open.
        _give(self._descriptor)

    def close(self) -> None:
        """Let go of the file; it stays, since removing it would make two locks of one."""
        os.close(self._descriptor)
