"""One process's way to the file: `Engine`, everything that is open while a store is.

It opens the file under the lock, makes what lies beside it, and does what follows a commit. A forked child
gets an engine of its own (`left_behind` is what it does with its parent's); what is *done* with the tables
is in the other modules.
"""

from __future__ import annotations

import os
import sqlite3
from copy import copy
from typing import TYPE_CHECKING, TypeVar

from envoi.drivers.sqlite_store import reaping
from envoi.drivers.sqlite_store.commit_lock import CommitLock
from envoi.drivers.sqlite_store.committer import Committer
from envoi.drivers.sqlite_store.doorbell import Doorbell
from envoi.drivers.sqlite_store.failures import unavailable
from envoi.drivers.sqlite_store.instants import micros
from envoi.drivers.sqlite_store.liveness import Owners, Watch
from envoi.drivers.sqlite_store.opening import check_place, make_file, open_reader, open_writer
from envoi.drivers.sqlite_store.readers import Readers
from envoi.drivers.sqlite_store.schema import require_current
from envoi.drivers.sqlite_store.spool import Spool, sync_folder
from envoi.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from envoi.drivers.sqlite_store.transaction import Transaction

__all__ = ["Engine", "Files"]

T = TypeVar("T")
SWEEP_SECONDS = 600.0


class Files:
    """What lies beside the file of SQLite: a folder of the same name with ``.d`` behind."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = path.with_name(f"{path.name}.d")
        self.lock = self.folder / "lock"
        self.spool = self.folder / "spool"
        self.owners = self.folder / "owners"
        self.bells = self.folder / "bells"

    def make(self) -> None:
        """Make what is missing, for the owner alone.

        Raises:
            StoreUnavailable: that is not possible.
        """
        try:
            new = not self.bells.exists()
            for folder in (self.folder, self.spool, self.owners, self.bells):
                folder.mkdir(mode=0o700, exist_ok=True)
            make_file(self.path)
            # Whoever may only read cannot take part: said here, and not by whatever takes the lock first.
            os.close(os.open(self.lock, os.O_RDWR | os.O_CREAT, 0o600))
            if new:
                sync_folder(self.folder)
                sync_folder(self.path.parent)
        except OSError as error:
            raise StoreUnavailable(
                f"the outbox {self.path} cannot be made or written: {error.strerror}. Give this program the "
                f"right to write in {self.path.parent} and {self.folder}, or make room there"
            ) from error


class Engine:
    """Everything that is open.

    Args:
        files: where.
        network: whether a file system over a network is accepted.
        wall: the clock that instants are of.
        steady: seconds of a clock that never jumps.

    Raises:
        ConfigError: the place cannot hold a queue.
        SchemaMismatch: another version made the tables.
        StoreUnavailable: the file cannot be opened.
    """

    def __init__(
        self, files: Files, *, network: bool, wall: Callable[[], datetime], steady: Callable[[], float]
    ) -> None:
        check_place(files.path, network=network)
        files.make()
        self.files = files
        self.spool = Spool(files.spool)
        self.owners = Owners(files.owners)
        self.watch = Watch(steady)
        self.doorbell = Doorbell(files.bells, lambda: open_reader(files.path))
        self._wall = wall
        self._steady = steady
        self._sweep_at = 0.0
        self._readers = Readers(files.path)
        self._lock = CommitLock(files.lock)
        try:
            connection = self._open()
        except BaseException:
            self._lock.close()
            raise
        # As text: these are asked of the system for each commit, and a `Path` is spelt out each time.
        self._place = str(files.path)
        self._inode = os.stat(self._place).st_ino  # noqa: PTH116
        self.committer = Committer(
            files.path,
            connection,
            lock=self._lock,
            clock=self.now,
            check=self._check,
            committed=self._committed,
        )

    def now(self) -> int:
        """The instant, microseconds."""
        return micros(self._wall())

    def read(self, look: Callable[[Transaction], T]) -> T:
        """Look at one state of the tables.

        Raises:
            StoreUnavailable: they cannot be read.
        """
        if self.committer.broken is not None:
            raise copy(self.committer.broken)
        return self._readers.read(look, self.now())

    def reap(self, lease: float) -> int:
        """Take back what the dead hold, and what nobody lengthened for a whole lease; return how many.

        Raises:
            StoreUnavailable: it cannot be read or written.
        """
        owners, claims = self.read(lambda tx: (reaping.owners(tx), reaping.claims(tx)))
        unchanged = self.watch.unchanged(claims, lease)
        dead = [owner for owner in owners if self.owners.seize(owner)]
        try:
            if not dead and all(until > self.now() for _, _, until in unchanged):
                return 0
            taken = self.committer.submit(lambda tx: reaping.take_back(tx, dead, unchanged)).result()
            for owner in dead:
                self.owners.bury(owner)
            return taken
        finally:
            for owner in dead:
                self.owners.let_go(owner)

    def sweep(self) -> int:
        """Remove what nobody needs, at most once in ten minutes; return how many contents that was."""
        now = self._steady()
        if now < self._sweep_at:
            return 0
        self._sweep_at = now + SWEEP_SECONDS
        self.owners.clean(self.read(reaping.owners))
        return self.committer.submit(self._sweep).result()

    def _sweep(self, tx: Transaction) -> int:
        query = "SELECT 1 FROM envoi_arrival WHERE file = ?"
        return self.spool.sweep(lambda name: tx.row(query, name) is not None, self._steady())

    def close(self) -> None:
        """Finish what was begun, and let go."""
        self.committer.close()
        self._readers.close()
        self.doorbell.close()
        self.owners.close()
        self._lock.close()

    def leave_behind(self) -> None:
        """Be the copy in a forked child: let go of what would speak for the parent, touch nothing else."""
        # Both only close this process's descriptors; the parent's keep their locks.
        self.owners.close()
        self._lock.close()
        # SQLite's connections must not be used, nor closed, on this side of a fork.
        _left_behind.append(self)

    def _open(self) -> sqlite3.Connection:
        path = self.files.path
        try:
            with self._lock:
                connection = open_writer(path)
                try:
                    require_current(connection, path, self.now())
                except BaseException:
                    connection.close()
                    raise
        except sqlite3.Error as error:
            raise unavailable(path, error) from error
        return connection

    def _check(self) -> None:
        """Notice that the file was removed or replaced: what is committed to the old one is lost."""
        try:
            same = os.stat(self._place).st_ino == self._inode  # noqa: PTH116
        except OSError:
            same = False
        if not same:
            raise StoreUnavailable(
                f"the outbox {self._place} was removed or replaced while it was open; nothing was written. "
                "Put it back, or open the outbox again"
            )

    def _committed(self, transactions: Sequence[Transaction]) -> None:
        rings = False
        for transaction in transactions:
            rings = rings or transaction.rings
            if transaction.unneeded:
                self.spool.remove(transaction.unneeded)
        if rings:
            self.doorbell.ring()


_left_behind: list[Engine] = []
