"""Large contents: a file each, on disk before the row that names it.

From 256 KiB on a file is quicker than a row (a tenth of the time at 10 MiB), and takes no part in the log. It
is written under another name, synchronised, renamed, and its folder synchronised; only then may a row
name it. What no row names is removed an hour later by `sweep`, so that a crash leaves nothing for ever.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from envoi.drivers.identity import uuid7
from envoi.errors import StoreUnavailable, UsageError
from envoi.outbox.model import Blob

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["LARGE", "Spool", "SpoolFile", "sync_folder"]

#: Octets from which a content is a file.
LARGE = 256 * 1024
#: Seconds that a file lives which no row names.
SPARED = 3600.0
_CLOSED = -1
_NAME = re.compile(r"[0-9a-f]{32}")


class Spool:
    """The folder of large contents."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Of each file, and the instant it was touched: since when it has been watched.
        self._seen: dict[tuple[str, int], float] = {}

    def path(self, name: str) -> Path:
        """Where the content of this name is."""
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name!r} is not a name that keep() has given")
        return self._folder / name

    def begin(self) -> SpoolFile:
        """Begin a content.

        Raises:
            StoreUnavailable: no file can be made.
        """
        return SpoolFile(self._folder, uuid7())

    def write(self, octets: bytes) -> Blob:
        """Write a whole content; it is on disk afterwards.

        Raises:
            StoreUnavailable: there is no room, or the disk failed.
        """
        file = self.begin()
        try:
            file.write(octets)
            return file.finish()
        finally:
            file.abandon()

    def spare(self, name: str) -> None:
        """Keep a content for another hour: a row is about to name it.

        Raises:
            UsageError: it is not there, or not any more.
        """
        try:
            os.utime(self.path(name))
        except FileNotFoundError:
            raise UsageError(
                f"the content {name} is gone: what keep() returns must be put within an hour"
            ) from None

    def remove(self, names: Iterable[str]) -> None:
        """Remove contents; what cannot be removed now is left to `sweep`."""
        for name in names:
            with suppress(OSError):
                self.path(name).unlink()

    def sweep(self, named: Callable[[str], bool], steady: float) -> int:
        """Remove what nobody names and nobody has touched while it was watched for an hour; return how many.

        Not by the age of the files: a clock set forward would make those old that are about to be named.
        """
        removed = 0
        seen: dict[tuple[str, int], float] = {}
        for path in list(self._folder.iterdir()):
            with suppress(FileNotFoundError):
                file = path.name, path.stat().st_mtime_ns
                since = self._seen.get(file, steady)
                if steady - since <= SPARED:
                    seen[file] = since
                elif not named(path.name):
                    path.unlink()
                    removed += 1
        self._seen = seen
        return removed


class SpoolFile:
    """One content while it is written."""

    __slots__ = ("_descriptor", "_folder", "_name", "_size", "_writing")

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name, self._size = folder, name, 0
        self._writing = folder / f"{name}.new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        try:
            self._descriptor = os.open(self._writing, flags, 0o600)
        except OSError as error:
            raise _no_room(folder, error) from error

    def write(self, octets: bytes) -> None:
        """Append to the content.

        Raises:
            StoreUnavailable: there is no room, or the disk failed.
        """
        left = memoryview(octets)
        self._size += len(left)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            raise _no_room(self._folder, error) from error

    def finish(self) -> Blob:
        """Bring it to the disk under its name.

        Raises:
            StoreUnavailable: there is no room, or the disk failed.
        """
        try:
            os.fsync(self._descriptor)
            self._close()
            self._writing.rename(self._folder / self._name)
            sync_folder(self._folder)
        except OSError as error:
            raise _no_room(self._folder, error) from error
        return Blob(name=self._name, size=self._size)

    def abandon(self) -> None:
        """Remove what was not finished; afterwards does nothing."""
        if self._close():
            self._writing.unlink(missing_ok=True)

    def _close(self) -> bool:
        """Close the file; tell whether it was open."""
        descriptor, self._descriptor = self._descriptor, _CLOSED
        if descriptor != _CLOSED:
            os.close(descriptor)
        return descriptor != _CLOSED


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where folders can be synchronised."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _no_room(folder: Path, error: OSError) -> StoreUnavailable:
    return StoreUnavailable(
        f"{folder} cannot be written: {error.strerror}. Make room, or give this program the right to write "
        "there; nothing was accepted"
    )
