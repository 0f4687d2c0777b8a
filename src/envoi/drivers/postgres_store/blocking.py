"""The database for the blocking colour: methods that block and never suspend, safe among threads.

At most `SIZE` connections work at once; who listens for the doorbell has one besides. A connection
belongs to the process that opened it: after a fork it is not even closed, for that would end the session of
the parent, which has the same socket. The asyncio twin is `aio`.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import psycopg
from psycopg.rows import tuple_row

from envoi.drivers.postgres_store.failures import explained
from envoi.drivers.postgres_store.link import (
    PLAN_SECONDS,
    PREPARE,
    PROBE,
    REPLAN,
    SIZE,
    Server,
    conninfo,
    instant,
    is_usable,
)
from envoi.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from datetime import datetime

    from envoi.drivers.postgres_store.link import Row

__all__ = ["BlockingDatabase", "BlockingLink"]

T = TypeVar("T")
Connection = psycopg.Connection[Any]

# What processes inherited, kept so that nobody collects and thereby closes it.
_inherited: list[_Connections] = []


@dataclass(slots=True, eq=False)
class _Connections:
    """The connections of one process."""

    pid: int = field(default_factory=os.getpid)
    lock: threading.Lock = field(default_factory=threading.Lock)
    places: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(SIZE))
    idle: list[Connection] = field(default_factory=list[Connection])
    planned: WeakKeyDictionary[Connection, float] = field(
        default_factory=WeakKeyDictionary[Connection, float]
    )
    ears: list[Connection] = field(default_factory=list[Connection])


class BlockingLink:
    """A connection of psycopg's blocking kind."""

    __slots__ = ("_cursor", "began_at")

    began_at: datetime

    def __init__(self, connection: Connection) -> None:
        # A cursor of our own: the connection may be an application's, and make others.
        self._cursor: psycopg.Cursor[Row] = psycopg.Cursor(connection, row_factory=tuple_row)

    async def run(self, statement: str, **values: Any) -> list[Row]:
        """See `Link.run`."""
        with explained():
            self._cursor.execute(statement.encode(), values or None, binary=bool(values))
            while self._cursor.nextset():
                pass  # several statements answer with what the last of them found
            return self._cursor.fetchall() if self._cursor.description else []


class BlockingDatabase:
    """See `Database`."""

    def __init__(self, url: str, *, listen: bool = True) -> None:
        self._parameters = conninfo(url)
        self._listens = listen
        self._connections = _Connections()
        self._server = Server()
        self._closed = threading.Event()

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[BlockingLink, None]:
        """See `Database.transaction`."""
        connection = self._take()
        try:
            link = BlockingLink(connection)
            link.began_at = instant(await link.run(self._server.begin))
            yield link
            await link.run("COMMIT")
        except BaseException as error:
            self._undo(connection, error)
            raise
        finally:
            self._put_back(connection)

    async def run(self, statement: str, **values: Any) -> list[Row]:
        """See `Database.run`."""
        connection = self._take()
        try:
            if not self._server.needs_begin:
                return await BlockingLink(connection).run(statement, **values)
            await BlockingLink(connection).run(self._server.begin)
            rows = await BlockingLink(connection).run(statement, **values)
            await BlockingLink(connection).run("COMMIT")
        except BaseException as error:
            self._undo(connection, error)
            raise
        else:
            return rows
        finally:
            self._put_back(connection)

    async def listen(self, timeout: float, look: Callable[[], Awaitable[bool]]) -> bool:
        """See `Database.listen`."""
        if not self._listens or self._server.pooled:
            return await look() or (not self._closed.wait(timeout) and await look())
        mine = self._mine()
        with mine.lock:
            ear = mine.ears.pop() if mine.ears else None
        with explained():
            ear = ear or self._open()
            try:
                ear.execute(b"LISTEN envoi")
                rang = await look() or any(True for _ in ear.notifies(timeout=timeout, stop_after=1))
                # Who is busy hears nothing: rings would pile up on the way.
                ear.execute(b"UNLISTEN envoi")
            except BaseException:
                ear.close()
                raise
        with mine.lock:
            mine.ears.append(ear)
        return rang

    async def work(self, job: Callable[[], T]) -> T:
        """See `Database.work`."""
        return job()

    async def close(self) -> None:
        """See `Database.close`."""
        self._closed.set()
        mine = self._mine()
        with mine.lock:
            for shelf in (mine.idle, mine.ears):
                while shelf:
                    shelf.pop().close()

    def _mine(self) -> _Connections:
        if self._connections.pid != os.getpid():
            _inherited.append(self._connections)
            self._connections = _Connections()
        return self._connections

    def _take(self) -> Connection:
        if self._closed.is_set():
            raise StoreUnavailable("the outbox was closed")
        mine = self._mine()
        mine.places.acquire()
        try:
            while (connection := self._idle(mine)) is not None:
                if is_usable(connection):
                    break
                connection.close()
            with explained():
                return self._planned(mine, connection or self._open())
        except BaseException:
            mine.places.release()
            raise

    @staticmethod
    def _planned(mine: _Connections, connection: Connection) -> Connection:
        now = time.monotonic()
        if now - mine.planned.setdefault(connection, now) > PLAN_SECONDS:
            try:
                connection.execute(REPLAN)
            except BaseException:
                connection.close()
                raise
            mine.planned[connection] = now
        return connection

    @staticmethod
    def _idle(mine: _Connections) -> Connection | None:
        with mine.lock:
            return mine.idle.pop() if mine.idle else None

    def _open(self) -> Connection:
        connection: Connection = psycopg.Connection.connect(**self._parameters, autocommit=True)
        try:
            (probe,) = connection.execute(PROBE)
            self._server = Server.of(probe, connection.info.backend_pid)
            if self._server.pooled:
                connection.prepare_threshold = None
            else:
                connection.execute(PREPARE)
        except BaseException:
            connection.close()
            raise
        return connection

    def _undo(self, connection: Connection, error: BaseException) -> None:
        if isinstance(error, Exception):
            with suppress(psycopg.Error):
                connection.execute(b"ROLLBACK")
                return
        connection.close()

    def _put_back(self, connection: Connection) -> None:
        mine = self._connections
        if connection.closed or self._closed.is_set():
            connection.close()
        else:
            with mine.lock:
                mine.idle.append(connection)
        mine.places.release()
