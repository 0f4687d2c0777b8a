"""The tiny port that the statements of this engine are written against: `Link` and `Database`.

`blocking` and `aio` implement it over psycopg; `connections` gives a `Link` over a connection of the
caller's. What both colours know of a connection is here too: how it is opened, and what it found there.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from envoi.drivers.waiting import READ, wait
from envoi.errors import ConfigError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    import psycopg

__all__ = [
    "NOW",
    "PLAN_SECONDS",
    "PREPARE",
    "PROBE",
    "REPLAN",
    "SIZE",
    "Database",
    "Link",
    "Row",
    "Server",
    "Transaction",
    "conninfo",
    "instant",
    "is_usable",
]

T = TypeVar("T")

Row = tuple[Any, ...]

#: Connections of one outbox that work at once; more of them wait for each other in the database.
SIZE = 8

#: Asked once of every connection.
PROBE = (
    "SELECT pg_backend_pid(), current_setting('server_version_num')::integer,"
    " current_setting('synchronous_commit'), current_setting('default_transaction_isolation')"
)
#: The clock of the database, which all workers share.
NOW = "SELECT extract(epoch FROM clock_timestamp())::double precision"
# Plans are made once and used for many batches; but the plan for a queue that was empty, which reads it from
# end to end, will not do a moment later. There is an index for all that is asked, and plans are made anew.
_AVOIDED = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit")
#: Seconds that a plan is good for.
PLAN_SECONDS = 2.0
REPLAN = b"DISCARD PLANS"
_PLANS = [f"{setting} = off" for setting in _AVOIDED]
#: Said to every connection that is ours alone.
PREPARE = "; ".join(
    f"SET {setting}" for setting in (*_PLANS, "plan_cache_mode = force_generic_plan")
).encode()
_OLDEST = 130000

_PORTS = re.compile(r"[\d,]*")
_QUOTED = re.compile(r'".*"', re.DOTALL)
_NAMES = "invalid URI query parameter:"
_SPELLING = "In a password, % is written %25, / %2F, : %3A, ? %3F, # %23 and @ %40"


class Link(Protocol):
    """One connection, in a transaction."""

    async def run(self, statement: str, **values: Any) -> list[Row]:
        """Run one statement, its values written as ``%(name)b``; return its rows."""
        ...


class Transaction(Link, Protocol):
    """One connection of ours in a transaction of ours.

    Attributes:
        began_at: when, by the clock of the database.
    """

    began_at: datetime


class Database(Protocol):
    """A database through a few connections."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Begin a transaction; commit it at the end, or roll back after an exception."""
        ...

    async def run(self, statement: str, **values: Any) -> list[Row]:
        """Run one statement in a transaction of its own."""
        ...

    async def listen(self, timeout: float, look: Callable[[], Awaitable[bool]]) -> bool:
        """Wait for the doorbell; return whether it rang, or `look` saw what it would have rung for.

        It is asked when no ring can be missed any more; without a doorbell, before and after the time.
        """
        ...

    async def work(self, job: Callable[[], T]) -> T:
        """Do something that blocks, such as writing to a file."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What is at the other end.

    Attributes:
        pooled: a pooler is between, and the next transaction may be on another session.
        careful: transactions must say how they are isolated.
    """

    pooled: bool = False
    careful: bool = False

    @classmethod
    def of(cls, probe: Row, told_pid: int) -> Server:
        """Read what `PROBE` found; `told_pid` is what the handshake called the server process.

        Raises:
            StoreUnavailable: it is too old, or acknowledges what is not on disk.
        """
        pid, version, synchronous_commit, isolation = probe
        if version < _OLDEST:
            raise StoreUnavailable(f"the outbox needs PostgreSQL 13 or newer; this is {version // 10000}")
        if synchronous_commit == "off":
            raise StoreUnavailable(
                "this database acknowledges commits before they are on disk (synchronous_commit is off), and "
                "could lose accepted mail: ALTER ROLE … SET synchronous_commit = on"
            )
        # A pooler invents its own number, as it is not one process that answers.
        return cls(pooled=pid != told_pid, careful=isolation != "read committed")

    @property
    def begin(self) -> str:
        """The statements that begin a transaction."""
        plans = [f"SET LOCAL {setting}" for setting in _PLANS] if self.pooled else []
        return "; ".join(["BEGIN ISOLATION LEVEL READ COMMITTED", *plans, NOW])

    @property
    def needs_begin(self) -> bool:
        """Whether a statement alone would run under settings that are not ours."""
        return self.pooled or self.careful


def instant(rows: list[Row]) -> datetime:
    """What `NOW` answered."""
    return datetime.fromtimestamp(rows[0][0], UTC)


def conninfo(url: str) -> dict[str, Any]:
    """The parameters of an address, with ours where it has none: nobody waits for ever for a dead network.

    Raises:
        ConfigError: it is no address; the text quotes no part that could be the password.
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    scheme, colon, rest = url.partition("://")
    try:
        known = conninfo_to_dict(f"postgresql://{rest}" if colon and "+" in scheme else url)
    except ProgrammingError as error:
        raise ConfigError(f"the address of the outbox is no PostgreSQL address: {_discreet(error)}") from None
    if not _PORTS.fullmatch(str(known.get("port") or "")):
        raise ConfigError(f"the address of the outbox has a port that is no number. {_SPELLING}")
    ours = {
        "application_name": f"envoi {os.getpid()}",
        "connect_timeout": 10,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }
    return {**ours, **{name: value for name, value in known.items() if value is not None}}


def _discreet(error: Exception) -> str:
    """What libpq says of an address, without what it quotes, unless that is the name of a parameter."""
    words = str(error).strip()
    return words if words.startswith(_NAMES) else f"{_QUOTED.sub('…', words)}. {_SPELLING}"


def is_usable(connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]) -> bool:
    """Whether an idle connection can be used: what a server says unasked is its farewell."""
    return not connection.closed and not wait({connection.fileno(): READ}, 0)
