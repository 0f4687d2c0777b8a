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

    def _try(descriptor: int) -> bool:
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

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

    def _try(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _give(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


class CommitLock:
    """The lock, as one process has it; its threads take turns before they come here."""

    __slots__ = ("_descriptor",)

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def try_take(self) -> bool:
        """Take the lock if no process has it; tell whether."""
        return _try(self._descriptor)

    def take(self) -> None:
        """Wait for the lock."""
        _take(self._descriptor)

    def give(self) -> None:
        """Let the next one have it."""
        # Unlocked, not closed: a forked child may have the same description open.
        _give(self._descriptor)

    def __enter__(self) -> None:
        self.take()

    def __exit__(self, *_: object) -> None:
        self.give()

    def close(self) -> None:
        """Let go of the file; it stays, since removing it would make two locks of one."""
        os.close(self._descriptor)
