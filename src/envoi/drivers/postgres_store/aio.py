"""The database for asyncio: methods that suspend and never block the loop.

At most `SIZE` connections work at once; who listens for the doorbell has one besides. A connection
belongs to the loop and the process that opened it. The blocking twin is `blocking`.
"""

from __future__ import annotations

import asyncio
import os
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

__all__ = ["AsyncioDatabase", "AsyncioLink"]

T = TypeVar("T")
Connection = psycopg.AsyncConnection[Any]

# What processes inherited, kept so that nobody collects and thereby closes it.
_inherited: list[_Connections] = []


@dataclass(slots=True, eq=False)
class _Connections:
    """The connections of one loop of one process."""

    pid: int = field(default_factory=os.getpid)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SIZE))
    idle: list[Connection] = field(default_factory=list[Connection])
    planned: WeakKeyDictionary[Connection, float] = field(
        default_factory=WeakKeyDictionary[Connection, float]
    )
    ears: list[Connection] = field(default_factory=list[Connection])


class AsyncioLink:
    """A connection of psycopg's asyncio kind."""

    __slots__ = ("_cursor", "began_at")

    began_at: datetime

    def __init__(self, connection: Connection) -> None:
        # A cursor of our own: the connection may be an application's, and make others.
        self._cursor: psycopg.AsyncCursor[Row] = psycopg.AsyncCursor(connection, row_factory=tuple_row)

    async def run(self, statement: str, **values: Any) -> list[Row]:
        """See `Link.run`."""
        with explained():
            await self._cursor.execute(statement.encode(), values or None, binary=bool(values))
            while self._cursor.nextset():
                pass  # several statements answer with what the last of them found
            return await self._cursor.fetchall() if self._cursor.description else []


class AsyncioDatabase:
    """See `Database`."""

    def __init__(self, url: str, *, listen: bool = True) -> None:
        self._parameters = conninfo(url)
        self._listens = listen
        self._connections: _Connections | None = None
        self._server = Server()
        self._closed = False

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncioLink, None]:
        """See `Database.transaction`."""
        mine, connection = await self._take()
        try:
            link = AsyncioLink(connection)
            link.began_at = instant(await link.run(self._server.begin))
            yield link
            await link.run("COMMIT")
        except BaseException as error:
            await self._undo(connection, error)
            raise
        finally:
            self._put_back(mine, connection)

    async def run(self, statement: str, **values: Any) -> list[Row]:
        """See `Database.run`."""
        mine, connection = await self._take()
        try:
            if not self._server.needs_begin:
                return await AsyncioLink(connection).run(statement, **values)
            await AsyncioLink(connection).run(self._server.begin)
            rows = await AsyncioLink(connection).run(statement, **values)
            await AsyncioLink(connection).run("COMMIT")
        except BaseException as error:
            await self._undo(connection, error)
            raise
        else:
            return rows
        finally:
            self._put_back(mine, connection)

    async def listen(self, timeout: float, look: Callable[[], Awaitable[bool]]) -> bool:
        """See `Database.listen`."""
        if not self._listens or self._server.pooled:
            if not await look():
                await asyncio.sleep(timeout)
            return await look()
        mine = self._mine()
        with explained():
            ear = mine.ears.pop() if mine.ears else await self._open()
            try:
                await ear.execute(b"LISTEN envoi")
                rang = (
                    await look() or [one async for one in ear.notifies(timeout=timeout, stop_after=1)] != []
                )
                # Who is busy hears nothing: rings would pile up on the way.
                await ear.execute(b"UNLISTEN envoi")
            except BaseException:
                ear.pgconn.finish()
                raise
        mine.ears.append(ear)
        return rang

    async def work(self, job: Callable[[], T]) -> T:
        """See `Database.work`."""
        return await asyncio.to_thread(job)

    async def close(self) -> None:
        """See `Database.close`."""
        self._closed = True
        mine = self._mine()
        for shelf in (mine.idle, mine.ears):
            while shelf:
                await shelf.pop().close()

    def _mine(self) -> _Connections:
        mine = self._connections
        if mine is not None and mine.loop is asyncio.get_running_loop() and mine.pid == os.getpid():
            return mine
        if mine is not None:
            _leave(mine)
        self._connections = mine = _Connections()
        return mine

    async def _take(self) -> tuple[_Connections, Connection]:
        if self._closed:
            raise StoreUnavailable("the outbox was closed")
        mine = self._mine()
        await mine.places.acquire()
        try:
            while (connection := mine.idle.pop() if mine.idle else None) is not None:
                if is_usable(connection):
                    break
                await connection.close()
            with explained():
                return mine, await _planned(mine, connection or await self._open())
        except BaseException:
            mine.places.release()
            raise

    async def _open(self) -> Connection:
        connection: Connection = await psycopg.AsyncConnection.connect(**self._parameters, autocommit=True)
        try:
            (probe,) = await (await connection.execute(PROBE)).fetchall()
            self._server = Server.of(probe, connection.info.backend_pid)
            if self._server.pooled:
                connection.prepare_threshold = None
            else:
                await connection.execute(PREPARE)
        except BaseException:
            connection.pgconn.finish()
            raise
        return connection

    async def _undo(self, connection: Connection, error: BaseException) -> None:
        if isinstance(error, Exception):
            with suppress(psycopg.Error):
                await connection.execute(b"ROLLBACK")
                return
        # Not `close`: whoever was cancelled waits for nothing more.
        connection.pgconn.finish()

    def _put_back(self, mine: _Connections, connection: Connection) -> None:
        if self._closed or connection.closed:
            connection.pgconn.finish()
        else:
            mine.idle.append(connection)
        mine.places.release()


async def _planned(mine: _Connections, connection: Connection) -> Connection:
    now = time.monotonic()
    if now - mine.planned.setdefault(connection, now) > PLAN_SECONDS:
        try:
            await connection.execute(REPLAN)
        except BaseException:
            connection.pgconn.finish()
            raise
        mine.planned[connection] = now
    return connection


def _leave(mine: _Connections) -> None:
    """Let go of what another loop opened; of what another process did, not even that."""
    if mine.pid != os.getpid():
        _inherited.append(mine)
        return
    for connection in (*mine.idle, *mine.ears):
        connection.pgconn.finish()
