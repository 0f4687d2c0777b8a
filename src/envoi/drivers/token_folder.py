"""Tokens in files: `TokenFolder`, one file per account in a folder of the user's own.

The file is replaced as a whole, never changed; what is written reaches the disk before it takes the old one's
place, and the room for it is taken before a refresh token is used up (docs/decisions/0062). Only the user
may read it, and a file that others can read is refused. Its encryption is `envoi.oauth.sealing`'s.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from envoi.drivers.file_lock import FileLock
from envoi.errors import ConfigError, Phase, Retry, TokenUnavailable
from envoi.oauth.record import Record, damaged

if TYPE_CHECKING:
    from envoi.oauth.sealing import Seal

__all__ = ["TokenFolder"]

# A record has 2 to 8 KiB; scopes and an id token may make it longer.
_ROOM_BYTES = 64 * 1024
_LONGEST_BYTES = 1024 * 1024


class TokenFolder:
    """A folder of token files.

    Args:
        folder: made, for the user alone, when there is none.
        seal: encrypts the files; None leaves them readable to the user's own programs.
    """

    def __init__(self, folder: str | os.PathLike[str], *, seal: Seal | None = None) -> None:
        self._folder = Path(folder)
        self._seal = seal

    def load(self, account: str) -> Record | None:
        """Return what is kept; see `envoi.oauth.ports.TokenStore`."""
        path = self.path_of(account)
        try:
            with path.open("rb") as file:
                self._check_privacy(path, os.fstat(file.fileno()).st_mode)
                raw = file.read(_LONGEST_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
        place = str(path)
        if self._seal is not None:
            raw = self._seal.open(raw, account=account, place=place)
        elif b'"sealed"' in raw:
            raise ConfigError(f"{path} is encrypted: give its passphrase, or the key from the keyring")
        return Record.from_bytes(raw, place=place)

    def try_hold(self, account: str) -> _HeldFile | None:
        """Take the account, if nobody has it; see `envoi.oauth.ports.TokenStore`."""
        path = self.path_of(account)
        lock = FileLock(path.with_suffix(".lock"))
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            taken = lock.try_take()
        except OSError as error:
            raise _no_room(path, error) from error
        return _HeldFile(self, account, path, lock) if taken else None

    def content(self, account: str, record: Record) -> bytes:
        """Return what a file holds."""
        raw = record.to_bytes()
        return raw if self._seal is None else self._seal.close(raw, account=account)

    def path_of(self, account: str) -> Path:
        """Return the file of an account, there or not.

        Raises:
            ConfigError: that is no name.
        """
        if not account or "\0" in account:
            raise ConfigError("an account needs a name")
        # Quoted, so that no name leaves the folder, and no two names are one file where case does not count.
        name = "".join(f"%{ord(char):02X}" if char.isupper() else char for char in account)
        return self._folder / f"{quote(name, safe='@+=%').replace('.', '%2E')}.token"

    @staticmethod
    def _check_privacy(path: Path, mode: int) -> None:
        # On Windows the bits say nothing; the folder belongs to the user's profile there.
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            raise ConfigError(
                f"{path} can be read by others (mode {stat.S_IMODE(mode):04o}), so its tokens may be "
                f"known: sign "
                f"in again, or if nobody has looked, chmod 600 {path}"
            )


class _HeldFile:
    """One account's file, until released."""

    def __init__(self, folder: TokenFolder, account: str, path: Path, lock: FileLock) -> None:
        self._folder = folder
        self._account = account
        self._path = path
        self._lock = lock
        self._spare = path.with_suffix(".new")

    def load(self) -> Record | None:
        """Return what is kept."""
        return self._folder.load(self._account)

    def prepare(self) -> None:
        """Take the room for the next file."""
        try:
            self._write(b"\0" * _ROOM_BYTES)
        except OSError as error:
            raise _no_room(self._path, error) from error

    def save(self, record: Record) -> None:
        """Put a new file in the place of the old one."""
        content = self._folder.content(self._account, record)
        if len(content) > _LONGEST_BYTES:
            raise damaged(f"the token of {self._account}")
        try:
            self._write(content)
            self._spare.replace(self._path)
            _sync_folder(self._path.parent)
        except OSError as error:
            raise _no_room(self._path, error) from error

    def delete(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)

    def release(self) -> None:
        """Let others have it, and give back room that was not needed."""
        with suppress(OSError):
            self._spare.unlink(missing_ok=True)
        self._lock.release()

    def _write(self, content: bytes) -> None:
        # Not truncated before: the room that `prepare` took stays ours.
        descriptor = os.open(self._spare, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        with open(descriptor, "wb", buffering=0) as file:  # noqa: PTH123 - it is open already
            left = memoryview(content)
            while left:
                left = left[file.write(left) :]
            file.truncate()
            os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the new name last, where folders can be synchronised."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _no_room(path: Path, error: OSError) -> TokenUnavailable:
    return TokenUnavailable(
        f"{path} cannot be written: {error.strerror}",
        phase=Phase.AUTH,
        retry=Retry.LATER,
        remedy="What it held before is unchanged. Make room, or give this program the right to write there.",
    )
