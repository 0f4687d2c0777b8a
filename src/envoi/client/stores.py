"""From the URL of an outbox to its store, in the colour that is wanted.

``sqlite:///outbox.db`` is a file beside the program, ``sqlite:////var/lib/app/outbox.db`` one anywhere, and
``postgresql://…`` a database; what follows is as its driver has it. A `Path` is a file, too.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from envoi.errors import ConfigError

if TYPE_CHECKING:
    from envoi.outbox.store import Store

__all__ = ["open_store"]

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")


def open_store(url: str | Path, *, asynchronous: bool = False) -> Store:
    """Return the store of an URL; nothing is opened before it is used.

    Raises:
        ConfigError: it is no such URL, or its driver is not installed.
    """
    if isinstance(url, Path):
        return _sqlite(url, asynchronous=asynchronous)
    if url.startswith(_SQLITE) and len(url) > len(_SQLITE):
        return _sqlite(Path(unquote(url.removeprefix(_SQLITE))), asynchronous=asynchronous)
    if url.startswith(_POSTGRES):
        return _postgres(url, asynchronous=asynchronous)
    # Not quoted: an URL may hold a password.
    raise ConfigError(
        "an outbox is sqlite:///file.db, sqlite:////folder/file.db, postgresql://user@host/database or a Path"
    )


def _sqlite(path: Path, *, asynchronous: bool) -> Store:
    from envoi.drivers import sqlite_store

    return sqlite_store.open_store_async(path) if asynchronous else sqlite_store.open_store(path)


def _postgres(url: str, *, asynchronous: bool) -> Store:
    from envoi.drivers import postgres_store

    return postgres_store.open_store_async(url) if asynchronous else postgres_store.open_store(url)
