"""Octets that are made once, and handed out to many mails from a file without a name.

For what is too large to be held in memory (`shared`): written to the system's folder for temporary files,
read from there a window at a time, by any number of mails at once. The file vanishes with the spool, and with
the process, however that ends. See docs/decisions/0076.
"""

from __future__ import annotations

from contextlib import suppress
from mmap import ACCESS_READ, mmap
from tempfile import TemporaryFile, gettempdir
from typing import TYPE_CHECKING, BinaryIO, cast

from envoi.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Spool"]

_WINDOW, _PIECE = 1 << 22, 1 << 16
"""Octets that are mapped at once for each reader, a multiple of what systems map, and those given at once."""


class Spool:
    """Pieces of octets, kept in a file.

    Args:
        pieces: what to keep; taken once, here.
        name: what they belong to, for errors.

    Raises:
        UsageError: the folder for temporary files is full, or there is none; or what `pieces` raise.
    """

    __slots__ = ("_file", "size")

    def __init__(self, pieces: Iterable[bytes], *, name: str) -> None:
        try:
            self._file = cast("BinaryIO", TemporaryFile())  # noqa: SIM115 - it lasts as long as the spool
            self._file.writelines(pieces)
            self._file.flush()
            self.size = self._file.tell()
        except OSError as error:
            self._close()
            raise UsageError(
                f"{name} is encoded once for all recipients, and cannot be kept in {_folder()}: "
                f"{error.strerror or error}; make room there, or name another folder with the environment "
                "variable TMPDIR"
            ) from error

    def __iter__(self) -> Iterator[bytes]:
        """The octets, in pieces of some size; for several mails at once if need be."""
        for start in range(0, self.size, _WINDOW):
            # A mapping has no position that two readers could move under each other's feet.
            length = min(_WINDOW, self.size - start)
            with mmap(self._file.fileno(), length, access=ACCESS_READ, offset=start) as window:
                for at in range(0, length, _PIECE):
                    yield window[at : at + _PIECE]

    def __del__(self) -> None:
        """Give the room back."""
        self._close()

    def _close(self) -> None:
        if hasattr(self, "_file"):  # else there was no folder for it
            with suppress(OSError):  # which a full disk raises once more
                self._file.close()


def _folder() -> str:
    try:
        return repr(gettempdir())
    except OSError:
        return "a temporary folder"
