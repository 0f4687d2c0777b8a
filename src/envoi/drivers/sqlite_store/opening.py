"""Opening connections: the version of SQLite, the settings that make a commit durable, and the rights.

`synchronous=FULL` is set and read back: in WAL mode it is one fsync per commit, and without it a power
failure takes acknowledged mail along. Readers are opened read-only: such a connection never
checkpoints, not when it is closed either.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

from envoi.drivers.sqlite_store.file_systems import network_file_system
from envoi.errors import ConfigError, StoreUnavailable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BUSY_SECONDS", "check_place", "make_file", "open_reader", "open_writer"]

#: How long a commit waits for a transaction of the application on the same file.
BUSY_SECONDS = 15.0
#: Pages after which a commit also checkpoints. That is slower, so not more than one in a hundred lone
#: enqueues has one; the log grows to 8 MiB for it.
CHECKPOINT_PAGES = 2000
CACHE_KIB = 8 * 1024
_OLDEST = (3, 35, 0)
_FULL = 2


def check_place(path: Path, *, network: bool) -> None:
    """Refuse what cannot hold a queue.

    Raises:
        ConfigError: SQLite is too old, the folder is missing, or the file system is one over a network.
    """
    if sqlite3.sqlite_version_info < _OLDEST:
        raise ConfigError(
            f"the outbox needs SQLite 3.35 or newer, and this Python has {sqlite3.sqlite_version}: use a "
            "newer Python, or PostgreSQL"
        )
    if not path.parent.is_dir():
        raise ConfigError(f"{path}: there is no folder {path.parent}. Make it first, or name another")
    kind = network_file_system(path.parent)
    if kind is not None and not network:
        raise ConfigError(
            f"{path} is on {kind}, where several machines can damage it: use a local disk, or PostgreSQL; if "
            "only one machine ever opens it, say network_file_system=True"
        )


def make_file(path: Path) -> None:
    """Make an empty file for its owner alone, if there is none; SQLite's other files get the same rights."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )


def open_writer(path: Path) -> sqlite3.Connection:
    """Open the connection that commits, durably.

    Raises:
        StoreUnavailable: this file cannot be used so.
        sqlite3.Error: what SQLite says otherwise.
    """
    connection = _connect(path, "rw")
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise StoreUnavailable(
                f"the outbox {path} cannot be put into WAL mode ({mode}): does its file system share memory?"
            )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        # Where savepoints keep what they may have to restore: files would double what a commit writes.
        connection.execute("PRAGMA temp_store = MEMORY")
        # Some builds write zeros over what is deleted: for each mail as many pages as its content took.
        connection.execute("PRAGMA secure_delete = FAST")
        connection.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone stops at the drive's cache
        connection.execute("PRAGMA checkpoint_fullfsync = ON")
        (level,) = connection.execute("PRAGMA synchronous").fetchone()
        if level != _FULL:
            raise StoreUnavailable(f"the outbox {path}: this SQLite does not do synchronous=FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Open a connection that only reads."""
    return _connect(path, "ro")
