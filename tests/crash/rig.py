"""The engines and the servers that scenarios run with: what is expensive starts when it is first asked for.

PostgreSQL and Postfix serve all scenarios, each of which has a database and a recipient of its own. Our own
server and SQLite begin anew each time.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from tests.conftest import demand_program
from tests.crash.postfix import CrashPostfix, running_postfix
from tests.crash.server import running_own
from tests.servers.ports import PortPool
from tests.servers.postgresql import PostgreSQL, running_postgresql

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["ENGINES", "SERVERS", "Rig", "Server", "running_rig"]

ENGINES = ("sqlite", "postgresql")
SERVERS = ("own", "postfix")


class Server(Protocol):
    """Takes the mail."""

    session: dict[str, Any]

    def received(self, recipient: str) -> Counter[str]:
        """How often somebody got which mail, by key; asked once, when everybody is done."""
        ...


class Rig:
    """What runs, for all scenarios.

    Args:
        folder: everything is under it.
        stack: ends what was started.
    """

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack

    def database(self, engine: str) -> AbstractContextManager[str]:
        """An empty database of PostgreSQL; for SQLite, whose files lie in the run's folder, nothing."""
        return self._postgresql.database() if engine == "postgresql" else nullcontext("")

    @contextmanager
    def server(self, name: str, folder: Path, *, drops: bool) -> Iterator[Server]:
        """A server for a run in this folder."""
        if name == "postfix":
            yield self._postfix
            return
        with running_own(folder, drops=drops) as server:
            yield server

    @cached_property
    def _postgresql(self) -> PostgreSQL:
        programs = demand_program("initdb").resolve().parent
        ports = PortPool()
        self._stack.callback(ports.close)
        return self._stack.enter_context(running_postgresql(self._room("postgresql"), programs, ports))

    @cached_property
    def _postfix(self) -> CrashPostfix:
        demand_program("postfix")
        return self._stack.enter_context(running_postfix(self._room("postfix")))

    def _room(self, name: str) -> Path:
        room = self._folder / name
        room.mkdir()
        return room


@contextmanager
def running_rig(folder: Path) -> Iterator[Rig]:
    """Give a rig that keeps everything under a folder, which the accounts of servers can enter."""
    folder.chmod(0o755)
    with ExitStack() as stack:
        yield Rig(folder, stack)
