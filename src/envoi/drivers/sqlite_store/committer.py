"""Who commits: `Committer`, which takes whatever operations are queued and commits them together.

A disk confirms some hundred commits a second, whatever is in them; sixteen threads that submit at once share
one. Nobody lingers for company: who comes alone commits by himself, at once; who comes while a commit is
under way is committed by a thread, with all others who came meanwhile. One that fails does not take the
others along: then all are done again, each in a savepoint. The operations themselves are elsewhere.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

from envoi.drivers.sqlite_store.failures import ends_the_store, unavailable
from envoi.drivers.sqlite_store.pending import Pending
from envoi.drivers.sqlite_store.transaction import Transaction
from envoi.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from envoi.drivers.sqlite_store.commit_lock import CommitLock

__all__ = ["Committer"]

T = TypeVar("T")
MOST_OPERATIONS = 256
MOST_OCTETS = 4 * 1024 * 1024
#: How long a commit waits for those of the last one: a share of the time that took, and seconds at most.
GATHER_SHARE, GATHER_MOST = 0.25, 0.002


class Committer:
    """The connection that writes, and those who take turns with it.

    Args:
        path: of the file, for what is said about it.
        connection: nobody else uses it until `close` has returned.
        lock: held around each commit, over all processes.
        clock: the instant, microseconds.
        check: called before each commit; what it raises ends the committer.
        committed: called after each commit with what it consisted of.
    """

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        *,
        lock: CommitLock,
        clock: Callable[[], int],
        check: Callable[[], None],
        committed: Callable[[Sequence[Transaction]], None],
    ) -> None:
        self._path = path
        self._connection = connection
        self._lock = lock
        self._clock = clock
        self._check = check
        self._committed = committed
        self._queue: deque[Pending[Any]] = deque()
        self._turn = threading.Lock()
        self._wake = threading.Event()
        self._usual = 0
        self._took = 0.0
        self._awaited = 1
        self._closing = False
        self._broken: StoreUnavailable | None = None
        self._thread = threading.Thread(target=self._work, name=f"commits to {path.name}", daemon=True)
        self._thread.start()

    def submit(self, operation: Callable[[Transaction], T], octets: int = 0) -> Pending[T]:
        """Queue an operation; what is returned has its result when that is on disk."""
        queued = Pending(operation, octets)
        self._queue.append(queued)
        # Behind the append: the thread lowers the number before it looks at the queue.
        if len(self._queue) >= self._awaited:
            self._wake.set()
        if self._closing or self._broken is not None:
            self._refuse()
        return queued

    def perform(self, operation: Callable[[Transaction], T], octets: int = 0) -> Pending[T]:
        """Commit an operation here and now if nobody else is about to; else queue it.

        Saves a lone caller two changes of threads, a third of the time that an enqueue takes on a fast disk.
        """
        alone = self._usual < 2 and not self._queue and not self._closing and self._broken is None
        if not alone or not self._turn.acquire(blocking=False):
            return self.submit(operation, octets)
        try:
            if not self._lock.try_take():
                return self.submit(operation, octets)
            queued = Pending(operation, octets)
            try:
                self._commit_group([queued])
            finally:
                self._lock.give()
        finally:
            self._turn.release()
        self._answer([queued])
        return queued

    def close(self) -> None:
        """Commit what is queued, end the thread, close the connection; a broken one is left as it is."""
        self._closing = True
        self._wake.set()
        self._thread.join()
        if self._broken is None:
            # Closing the last connection checkpoints.
            with self._turn, self._lock:
                self._connection.close()
        else:
            # Collected as garbage it would be closed as well.
            _left_open.append(self._connection)

    @property
    def broken(self) -> StoreUnavailable | None:
        """Why nothing can be committed any more, or None."""
        return self._broken

    def _work(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._queue and self._broken is None:
                self._gather()
                # The lock first: whoever comes while another process has it, goes along.
                with self._turn, self._lock:
                    group = self._take()
                    self._usual, begun = len(group), time.perf_counter()
                    self._commit_group(group)
                    self._took = time.perf_counter() - begun
                self._answer(group)
            if self._broken is not None or self._closing:
                self._refuse()
                return

    def _refuse(self) -> None:
        """Answer those who came too late."""
        while True:
            try:
                queued = self._queue.popleft()
            except IndexError:
                return
            if queued.begin():
                closed = StoreUnavailable(f"the outbox {self._path} was closed. Open it again")
                queued.error = copy(self._broken or closed)
                queued.finish()

    def _answer(self, group: list[Pending[Any]]) -> None:
        self._committed([queued.transaction for queued in group if queued.transaction is not None])
        for queued in group:
            queued.finish()

    def _gather(self) -> None:
        """Let those who were in the last commit come again, if they were several: they are about to.

        Without it the first of them gets a commit of his own, and the others wait for the next. It ends with
        the last of them, and takes a small part of what the disk does.
        """
        if self._usual < 2:
            return
        self._awaited = self._usual
        self._wake.clear()
        if len(self._queue) < self._usual:
            self._wake.wait(min(self._took * GATHER_SHARE, GATHER_MOST))
        self._awaited = 1

    def _take(self) -> list[Pending[Any]]:
        group: list[Pending[Any]] = []
        octets = 0
        while self._queue and len(group) < MOST_OPERATIONS and octets < MOST_OCTETS:
            queued = self._queue.popleft()
            if queued.begin():
                group.append(queued)
                octets += queued.octets
        return group

    def _commit_group(self, group: list[Pending[Any]]) -> None:
        try:
            self._check()
            self._commit(group)
        except sqlite3.Error as error:
            self._give_up(group, error)
        except StoreUnavailable as error:
            self._broken = error
            self._fail(group, error)
        except BaseException:
            # Ctrl-C in the middle of a caller's own commit.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _commit(self, group: list[Pending[Any]]) -> None:
        if not group:
            return
        now = self._begin()
        if len(group) == 1:
            # A lone one needs no savepoint: the transaction itself can be undone.
            self._try(group[0], now, undo="ROLLBACK")
        elif not self._all_succeed(group, now):
            self._connection.execute("ROLLBACK")
            now = self._begin()
            for queued in group:
                self._connection.execute("SAVEPOINT operation")
                self._try(queued, now, undo="ROLLBACK TO operation")
                self._connection.execute("RELEASE operation")
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")

    def _begin(self) -> int:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._clock()

    def _all_succeed(self, group: list[Pending[Any]], now: int) -> bool:
        """Run all without savepoints, each of which copies every page that is touched; False if one fails."""
        for queued in group:
            try:
                self._run(queued, now)
            except Exception as error:
                if self._is_fatal(error):
                    raise
                return False
        return True

    def _try(self, queued: Pending[Any], now: int, *, undo: str) -> None:
        try:
            self._run(queued, now)
        except Exception as error:
            if self._is_fatal(error):
                raise
            self._connection.execute(undo)
            queued.transaction, queued.error = None, self._explain(error)

    def _run(self, queued: Pending[Any], now: int) -> None:
        queued.transaction = transaction = Transaction(cursor=self._connection.cursor(), now=now)
        try:
            queued.value = queued.operation(transaction)
        finally:
            # Here, not wherever it is forgotten: a statement that another thread resets may be running again.
            transaction.cursor.close()

    def _is_fatal(self, error: Exception) -> bool:
        """Whether the whole group has failed with it: SQLite itself may have undone everything."""
        return isinstance(error, sqlite3.Error) and (
            ends_the_store(error) or not self._connection.in_transaction
        )

    def _explain(self, error: BaseException) -> BaseException:
        if not isinstance(error, sqlite3.Error):
            return error
        explained = unavailable(self._path, error)
        explained.__cause__ = error
        return explained

    def _give_up(self, group: list[Pending[Any]], error: sqlite3.Error) -> None:
        """Fail the group; when SQLite cannot say what the file is like now, everything after it too."""
        explained = unavailable(self._path, error)
        explained.__cause__ = error
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._broken = explained
        if ends_the_store(error):
            self._broken = explained
        self._fail(group, explained)

    @staticmethod
    def _fail(group: list[Pending[Any]], error: StoreUnavailable) -> None:
        for queued in group:
            queued.transaction = None
            queued.error = queued.error or error


_left_open: list[sqlite3.Connection] = []
