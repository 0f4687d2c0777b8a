"""Who is alive: `Owners`, a locked file for each; and `Watch`, which tells a dead one from a jumping clock.

The operating system ends the lock together with the process, so what a dead worker had is given back at
once. A living one keeps its claims until their lease is over by the wall clock *and* nothing about them has
changed for a whole lease by a clock that never jumps: a clock set forward makes no duplicates.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from envoi.drivers.file_lock import FileLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["Owners", "Watch"]

TRIES = 3


class Owners:
    """The owners of claims that live in this process, and a look at those that do not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mine: dict[str, FileLock] = {}
        self._seized: dict[str, FileLock] = {}

    def _path(self, owner: str) -> Path:
        # Hashed: an owner's name may hold anything.
        return self._folder / hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def has(self, owner: str) -> bool:
        """Whether an owner is shown to live already."""
        return owner in self._mine

    def live(self, owner: str) -> None:
        """Show that an owner lives, from now on until `close` or the end of the process.

        Raises:
            OSError: the file cannot be made.
        """
        if owner in self._mine:
            return
        path = self._path(owner)
        lock = FileLock(path)
        for _ in range(TRIES):
            if lock.try_take():
                if path.exists():
                    self._mine[owner] = lock
                    return
                lock.release()
            # Somebody looks whether this file is a dead one's; or another handle lives by the same name.
            time.sleep(0.001)

    def seize(self, owner: str) -> bool:
        """Take the place of an owner who lived on this machine and does not any more; tell whether."""
        path = self._path(owner)
        if owner in self._mine or not path.exists():
            return False
        lock = FileLock(path)
        if not lock.try_take():
            return False
        self._seized[owner] = lock
        return True

    def bury(self, owner: str) -> None:
        """Remove a seized owner's file: nothing is held in that name any more."""
        with suppress(OSError):
            self._path(owner).unlink(missing_ok=True)
        self.let_go(owner)

    def let_go(self, owner: str) -> None:
        """Leave a seized owner's place, if it was."""
        lock = self._seized.pop(owner, None)
        if lock is not None:
            lock.release()

    def clean(self, owners: Iterable[str]) -> None:
        """Remove the files of the dead who hold nothing: all but those of the given owners."""
        kept = {self._path(owner).name for owner in (*owners, *self._mine)}
        for path in list(self._folder.iterdir()):
            lock = FileLock(path)
            with suppress(OSError):
                if path.name not in kept and lock.try_take():
                    path.unlink(missing_ok=True)
                    lock.release()

    def close(self) -> None:
        """End all owners of this process; the files stay until their claims were given back."""
        while self._mine:
            self._mine.popitem()[1].release()


class Watch:
    """What was seen of the claims of others, and since when it has not changed.

    Args:
        steady: seconds of a clock that never jumps.
    """

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._seen: dict[tuple[bytes, int, int], float] = {}

    def unchanged(
        self, claims: Iterable[tuple[bytes, int, int]], lease: float
    ) -> list[tuple[bytes, int, int]]:
        """Return those claims (id, attempt, end of the lease) that have been the same for `lease` seconds."""
        now = self._steady()
        self._seen = {claim: self._seen.get(claim, now) for claim in claims}
        return [claim for claim, since in self._seen.items() if now - since >= lease]
