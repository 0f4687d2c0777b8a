"""Where the bytes of an attachment come from: memory, a file, a file object, an asynchronous iterator.

A source tells its size when it knows it, gives its bytes in pieces, never whole, and gives the same bytes
each time or says why it cannot: a size promised to the server must hold. Local files are the one kind of I/O
in `envoi.message` (see docs/decisions/0010): read here, and kept for a while in `spool`. How the bytes are
encoded is in `encode`.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from envoi.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator

__all__ = ["PIECE", "AsyncSource", "BytesSource", "FileSource", "PathSource", "Source", "at_once"]

PIECE = 57 * 1024
"""Octets read at once: whole lines of base64, so that nothing is left over between pieces."""


class Source(Protocol):
    """The bytes of an attachment, in pieces."""

    @property
    def size(self) -> int | None:
        """Octets in all, or None when that is not known beforehand."""
        ...

    @property
    def is_async(self) -> bool:
        """Whether only `achunks` works."""
        ...

    @property
    def only_once(self) -> str | None:
        """What to call it when its bytes can be had only once; None when they can be had again."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """The bytes.

        Raises:
            UsageError: the source changed, broke off, cannot be read twice, or is asynchronous.
        """
        ...

    def achunks(self) -> AsyncIterator[bytes]:
        """The same bytes, with waiting where the source needs it."""
        ...


async def at_once(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces for somebody who would wait for them; nothing waits."""
    for piece in pieces:
        yield piece


@dataclass(frozen=True, slots=True)
class BytesSource:
    """Bytes in memory."""

    data: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """Octets in all."""
        return len(self.data)

    @property
    def is_async(self) -> bool:
        """No."""
        return False

    @property
    def only_once(self) -> str | None:
        """None: memory is read as often as needed."""
        return None

    def chunks(self) -> Iterator[bytes]:
        """The bytes; one piece when they are few."""
        data = self.data
        if len(data) <= PIECE:
            return iter((data,))
        return (data[at : at + PIECE] for at in range(0, len(data), PIECE))

    def achunks(self) -> AsyncIterator[bytes]:
        """The same."""
        return at_once(self.chunks())


@dataclass(frozen=True, slots=True, kw_only=True)
class PathSource:
    """A regular file, as it was when this value was made.

    Attributes:
        path: the file.
        start: the octet at which reading begins.
        size: octets from there to the end.
        modified: the time of its last change, in nanoseconds.
    """

    path: Path
    start: int = 0
    size: int
    modified: int

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> PathSource:
        """Look at the file and remember its size.

        Raises:
            UsageError: it does not exist, is no regular file, or may not be read.
        """
        file = Path(path)
        try:
            status = file.stat()
            readable = os.access(file, os.R_OK)
        except (OSError, ValueError) as error:
            raise UsageError(f"the file {str(file)!r} cannot be read: {_reason(error)}") from error
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for its writer
            kind = "a directory" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise UsageError(f"{str(file)!r} is {kind}; attach files one by one, or pass an open file object")
        if not readable:
            raise UsageError(f"the file {str(file)!r} cannot be read: permission denied")
        return cls(path=file, size=status.st_size, modified=status.st_mtime_ns)

    @property
    def is_async(self) -> bool:
        """No: local files are read in place."""
        return False

    @property
    def only_once(self) -> str | None:
        """None: the file is opened each time."""
        return None

    def after(self, octets: int) -> PathSource:
        """The same file, beginning later."""
        return replace(self, start=self.start + octets, size=self.size - octets)

    def head(self, limit: int) -> bytes:
        """The first octets, at most `limit`."""
        with self._open() as file:
            self._begin(file)
            return file.read(min(limit, self.size))

    def chunks(self) -> Iterator[bytes]:
        """The bytes.

        Raises:
            UsageError: the file is gone, or is not what it was.
        """
        with self._open() as file:
            self._begin(file)
            left = self.size
            while left:
                piece = self._read(file, min(left, PIECE))
                left -= len(piece)
                if not left:
                    self._check(file)  # before the last piece leaves: the transaction can still be aborted
                yield piece

    def achunks(self) -> AsyncIterator[bytes]:
        """The same."""
        return at_once(self.chunks())

    def _open(self) -> BinaryIO:
        try:
            file = self.path.open("rb", buffering=0)
        except OSError as error:
            raise UsageError(
                f"the file {str(self.path)!r} can no longer be read: {_reason(error)}"
            ) from error
        return file

    def _begin(self, file: BinaryIO) -> None:
        self._check(file)
        file.seek(self.start)

    def _read(self, file: BinaryIO, octets: int) -> bytes:
        try:
            piece = file.read(octets)
        except OSError as error:
            raise UsageError(f"reading the file {str(self.path)!r} failed: {_reason(error)}") from error
        if not piece:
            raise self._changed()
        return piece

    def _check(self, file: BinaryIO) -> None:
        status = os.fstat(file.fileno())
        if (status.st_size, status.st_mtime_ns) != (self.start + self.size, self.modified):
            raise self._changed()

    def _changed(self) -> UsageError:
        return UsageError(f"the file {str(self.path)!r} changed since it was attached; attach it again")


class FileSource:
    """An open binary file object. One that can seek is read again from where it stood; others once.

    Args:
        file: anything with `read(n) -> bytes`.
        name: what to call it in errors.
        size: octets that it will give, when the caller knows and the object cannot seek.

    Raises:
        UsageError: the object gives text instead of bytes.
    """

    __slots__ = ("_file", "_name", "_spent", "_start", "size")

    def __init__(self, file: BinaryIO, *, name: str, size: int | None = None) -> None:
        if isinstance(file.read(0), str):
            raise UsageError(f"{name!r} is open in text mode; open it with mode 'rb'")
        self._file = file
        self._name = name
        self._spent = False
        self._start: int | None = None
        self.size = size
        if file.seekable():
            self._start = file.tell()
            self.size = file.seek(0, os.SEEK_END) - self._start
            file.seek(self._start)

    @property
    def is_async(self) -> bool:
        """No."""
        return False

    @property
    def only_once(self) -> str | None:
        """Its name, unless it can seek."""
        return None if self._start is not None else self._name

    def chunks(self) -> Iterator[bytes]:
        """The bytes from where the object stood when this value was made.

        Raises:
            UsageError: it gives another number of octets than announced, fails, or was read before.
        """
        if self._start is None:
            if self._spent:
                raise _spent(self._name)
            self._spent = True
        return _measured(self._pieces(), self.size, self._name)

    def achunks(self) -> AsyncIterator[bytes]:
        """The same."""
        return at_once(self.chunks())

    def _pieces(self) -> Iterator[bytes]:
        position = self._start
        while True:
            try:
                if position is not None:
                    self._file.seek(position)  # each time: the object may be shared with another message
                piece = self._file.read(PIECE)
            except (OSError, ValueError) as error:
                raise UsageError(f"reading {self._name!r} failed: {_reason(error)}") from error
            if not piece:
                return
            if position is not None:
                position += len(piece)
            yield piece


class AsyncSource:
    """An asynchronous iterator of bytes, or a function that makes one each time it is called.

    Args:
        pieces: the iterator, which can be read once, or the function.
        name: what to call it in errors.
        size: octets that it will give, when the caller knows.
    """

    __slots__ = ("_name", "_pieces", "_spent", "size")

    def __init__(
        self,
        pieces: AsyncIterable[bytes] | Callable[[], AsyncIterable[bytes]],
        *,
        name: str,
        size: int | None = None,
    ) -> None:
        self._pieces = pieces
        self._name = name
        self._spent = False
        self.size = size

    @property
    def is_async(self) -> bool:
        """Yes."""
        return True

    @property
    def only_once(self) -> str | None:
        """Its name, unless it is a function that makes iterators."""
        return None if callable(self._pieces) else self._name

    def chunks(self) -> Iterator[bytes]:
        """Refused.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            f"{self._name!r} is an asynchronous source; send it with AsyncSMTPSession, "
            "or give bytes, a path or a file object"
        )

    def achunks(self) -> AsyncIterator[bytes]:
        """The bytes.

        Raises:
            UsageError: another number of octets than announced, or an iterator that was read before.
        """
        if callable(self._pieces):
            return self._counted(self._pieces())
        if self._spent:
            raise _spent(self._name)
        self._spent = True
        return self._counted(self._pieces)

    async def _counted(self, pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        count = 0
        async for piece in pieces:
            count += len(piece)
            _check_count(count, self.size, self._name, ended=False)
            yield piece
        _check_count(count, self.size, self._name, ended=True)


def _measured(pieces: Iterator[bytes], size: int | None, name: str) -> Iterator[bytes]:
    count = 0
    for piece in pieces:
        count += len(piece)
        _check_count(count, size, name, ended=False)
        yield piece
    _check_count(count, size, name, ended=True)


def _check_count(count: int, size: int | None, name: str, *, ended: bool) -> None:
    if size is None or count == size or (count < size and not ended):
        return
    amount = f"more than {size}" if count > size else f"only {count} of {size}"
    raise UsageError(f"{name!r} gave {amount} octets: it changed, or its size was given wrongly")


def _spent(name: str) -> UsageError:
    return UsageError(
        f"{name!r} can be read only once, and was; give a path, bytes, a file that can seek, "
        "or a function that makes the iterator"
    )


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
