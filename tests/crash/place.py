"""Where a run takes place: its folder, its outbox in either engine, its server, its clock.

All processes of a run have the same `Place`, by the fork. What they do there is in `actors`.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from envoi import AsyncOutbox, Outbox
from envoi.client.outbox import office_of
from envoi.drivers import postgres_store, sqlite_store
from envoi.outbox import AccountRules, OnUnknown
from tests.crash.steps import Stepped, Steps

if TYPE_CHECKING:
    from pathlib import Path

    from envoi.outbox.store import Store

__all__ = ["Place", "Wall"]


class Wall:
    """The wall clock of all processes of a run, which can be set."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), 8)

    def set(self, seconds: float) -> None:
        """Set it so far from the truth."""
        self._page[:] = struct.pack("d", seconds)

    def now(self) -> datetime:
        """The instant that it shows."""
        (shift,) = struct.unpack("d", self._page[:])
        return datetime.now(UTC) + timedelta(seconds=shift)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a run takes place.

    Attributes:
        folder: of its files.
        database: the address of its database in PostgreSQL; empty for a file of SQLite in the folder.
        session: arguments of the sessions.
        recipient: who gets the mail.
        hold: whether what is unknown is held.
        lease: of the workers, seconds.
        connections: of a worker.
    """

    folder: Path
    database: str
    session: dict[str, Any]
    recipient: str
    hold: bool
    lease: float = 4.0
    connections: int = 3

    @property
    def wall(self) -> Wall:
        """The clock that all look at."""
        return Wall(self.folder / "wall")

    def rules(self) -> AccountRules:
        """How the account is treated."""
        unknown = OnUnknown.HOLD if self.hold else OnUnknown.RESEND
        return AccountRules(name="default", on_unknown=unknown)

    def outbox(self, *, asynchronous: bool = False, steps: Steps | None = None) -> Any:
        """An outbox whose calls are steps."""
        url = self.database or self.folder / "outbox.db"
        made = AsyncOutbox(url) if asynchronous else Outbox(url)
        stepped: Any = Stepped(self._store(asynchronous=asynchronous), steps or Steps())
        office_of(made).store = stepped
        return made

    def _store(self, *, asynchronous: bool) -> Store:
        if self.database:
            engine = postgres_store.open_store_async if asynchronous else postgres_store.open_store
            return engine(self.database, wall=self.wall.now)
        opened = sqlite_store.open_store_async if asynchronous else sqlite_store.open_store
        return opened(self.folder / "outbox.db", wall=self.wall.now)
