"""Who waits, and how they are woken: `Doorbell`, a named pipe for each that waits, rung after a commit.

Whoever commits something to do rings the pipes it finds in the folder; with nobody waiting there is none. A
commit of an application's own connection rings nothing, so a waiter looks at SQLite's `data_version`
once a second too; where there are no named pipes (Windows) it looks twenty times a second, and nobody rings.
"""

from __future__ import annotations

import os
import select
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from envoi.drivers.identity import uuid7

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = ["Bell", "Doorbell"]

#: Seconds between two looks at the file: where a pipe can be rung, and where not.
LOOK, LOOK_OFTEN = 1.0, 0.05
#: Nanoseconds after which a folder's time cannot be given to another change of it: the coarsest count by 2 s,
#: those that know parts of a second by a hundredth at most.
SETTLED, SETTLED_SOON = 5_000_000_000, 100_000_000


class Bell:
    """What one waiter waits at. It notices whatever happened since its last wait, too."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._version = self._look()
        self._path: Path | None = None
        self.descriptor: int | None = None
        if hasattr(os, "mkfifo"):
            self._path = folder / uuid7()
            # Under another name until it is open: a pipe that nobody has open is taken for a dead one's.
            hidden = self._path.with_suffix(".new")
            os.mkfifo(hidden, 0o600)
            # Open for writing as well: otherwise it would be at its end whenever nobody rings.
            self.descriptor = os.open(hidden, os.O_RDWR | os.O_NONBLOCK)
            hidden.rename(self._path)

    @property
    def look_after(self) -> float:
        """Seconds until `rung` should be asked again without a ring."""
        return LOOK if self.descriptor is not None else LOOK_OFTEN

    def _look(self) -> int:
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version

    def rung(self) -> bool:
        """Whether something happened since the last time."""
        rings = b""
        if self.descriptor is not None:
            with suppress(BlockingIOError):
                rings = os.read(self.descriptor, 4096)
        before, self._version = self._version, self._look()
        return bool(rings) or before != self._version

    def sleep(self, seconds: float, nap: Callable[[float], None]) -> None:
        """Block until it is rung, at most so long; `nap` where there is nothing to be rung."""
        if self.descriptor is None:
            nap(seconds)
            return
        poll = select.poll()
        poll.register(self.descriptor, select.POLLIN)
        poll.poll(seconds * 1000)

    def close(self) -> None:
        """Take it down."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None
        self._connection.close()


class Doorbell:
    """The bells of this process, and the way to those of all others."""

    def __init__(self, folder: Path, connect: Callable[[], sqlite3.Connection]) -> None:
        self._folder = folder
        self._place = str(folder)  # spelt out once, not for every ring
        self._connect = connect
        self._free: deque[Bell] = deque()
        self._bells: list[Bell] = []
        self._pipes: Sequence[Path] = ()
        self._unchanged_since = 0

    def take(self) -> Bell:
        """Take a bell to wait at; it stays up until `close`, so that nothing is missed between two waits."""
        try:
            return self._free.pop()
        except IndexError:
            return self._hang()

    @property
    def is_ready(self) -> bool:
        """Whether a bell is up."""
        return bool(self._bells)

    def ready(self) -> None:
        """Have a bell up before looking for work: what comes between the look and the wait is heard then."""
        if not self._bells:
            self._free.append(self._hang())

    def _hang(self) -> Bell:
        bell = Bell(self._folder, self._connect())
        self._bells.append(bell)
        return bell

    def put_back(self, bell: Bell) -> None:
        """Have done with waiting."""
        self._free.append(bell)

    def ring(self) -> None:
        """Wake everybody who waits."""
        try:
            for path in self._listed():
                self._ring(path)
        except OSError:
            pass  # Whoever waits looks by itself, too.

    def _listed(self) -> Sequence[Path]:
        """The pipes in the folder. Every enqueue rings, so one that has not changed is not read again."""
        changed = os.stat(self._place).st_mtime_ns  # noqa: PTH116
        if changed == self._unchanged_since:
            return self._pipes
        pipes = [path for path in self._folder.iterdir() if not path.suffix]
        settled = SETTLED_SOON if changed % 1_000_000_000 else SETTLED
        if time.time_ns() - changed > settled:
            self._pipes, self._unchanged_since = pipes, changed
        return pipes

    @staticmethod
    def _ring(path: Path) -> None:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except FileNotFoundError:
            return
        except OSError:
            # Nobody has it open: its process died.
            with suppress(OSError):
                path.unlink()
            return
        try:
            with suppress(BlockingIOError, BrokenPipeError):  # It is full of rings, or was just taken down.
                os.write(descriptor, b"!")
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Take all bells of this process down."""
        self._free.clear()
        while self._bells:
            self._bells.pop().close()
