"""Tokens, or the key of token files, in the operating system's keyring (extra `keyring`).

`TokenKeyring` keeps whole records there; `keyring_key` keeps only the key that encrypts a
`TokenFolder`, which is better where the keyring takes no long secrets (Windows stops at 2560 bytes). A
keyring has no locks, so a folder for lock files is needed beside it. Where there is no keyring, as on
most servers, both say so.
"""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from envoi.drivers.file_lock import FileLock
from envoi.errors import ConfigError, Phase, Retry, TokenUnavailable
from envoi.oauth.record import Record, damaged

if TYPE_CHECKING:
    import os

__all__ = ["TokenKeyring", "keyring_key"]

_SERVICE = "envoi-tokens"
_KEY_NAME = "key of the token files"
_KEY_BYTES = 32
# What a keyring takes is not known before; a record of this size shows whether it takes one at all.
_PROBE = "x" * 1024


def keyring_key() -> bytes:
    """Return the key that this user's token files are encrypted with; make it the first time.

    Raises:
        ConfigError: there is no keyring, or it is locked.
    """
    kept = _ask("get_password", _KEY_NAME)
    if kept is None:
        kept = b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii")
        _ask("set_password", _KEY_NAME, kept)
        if _ask("get_password", _KEY_NAME) != kept:
            # keyring's own stand-in for none takes everything and keeps nothing.
            raise ConfigError("the keyring of this machine keeps nothing; is it one?")
    try:
        return b64decode(kept, validate=True)
    except ValueError:
        raise damaged("the key of the token files in the keyring") from None


class TokenKeyring:
    """The keyring as a store of tokens.

    Args:
        locks: a folder for lock files, the same for all programs that share the tokens.
    """

    def __init__(self, locks: str | os.PathLike[str]) -> None:
        self._locks = Path(locks)

    def load(self, account: str) -> Record | None:
        """Return what is kept; see `envoi.oauth.ports.TokenStore`."""
        kept = _ask("get_password", account)
        if kept is None:
            return None
        return Record.from_bytes(kept.encode(), place=f"the keyring's token of {account}")

    def try_hold(self, account: str) -> _HeldEntry | None:
        """Take the account, if nobody has it."""
        try:
            self._locks.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(self._locks / f"{quote(account, safe='@')}.keyring-lock")
            return _HeldEntry(self, account, lock) if lock.try_take() else None
        except OSError as error:
            raise TokenUnavailable(
                f"{self._locks} takes no lock files: {error.strerror}", phase=Phase.AUTH, retry=Retry.LATER
            ) from error


class _HeldEntry:
    """One account's entry, until released."""

    def __init__(self, store: TokenKeyring, account: str, lock: FileLock) -> None:
        self._store = store
        self._account = account
        self._lock = lock

    def load(self) -> Record | None:
        """Return what is kept."""
        return self._store.load(self._account)

    def prepare(self) -> None:
        """Make sure that the keyring takes something new."""
        self._write("room for a token", _PROBE)

    def save(self, record: Record) -> None:
        """Keep the record."""
        self._write(self._account, record.to_bytes().decode("ascii"))

    def delete(self) -> None:
        """Forget the record."""
        if self._store.load(self._account) is not None:
            _ask("delete_password", self._account)

    def release(self) -> None:
        """Let others have it."""
        self._lock.release()

    def _write(self, name: str, text: str) -> None:
        try:
            _ask("set_password", name, text)
        except ConfigError as error:
            raise TokenUnavailable(str(error), phase=Phase.AUTH, retry=Retry.LATER) from error


def _ask(method: str, name: str, *values: str) -> str | None:
    try:
        import keyring
    except ImportError:
        raise ConfigError("the keyring needs the package keyring: pip install 'envoi[keyring]'") from None
    try:
        call: Any = getattr(keyring, method)
        answer: str | None = call(_SERVICE, name, *values)
    except Exception as error:
        # Every backend has its own errors, and keyring's own tree does not cover them.
        raise ConfigError(
            f"the keyring of this machine cannot be used ({type(error).__name__}); without one, keep "
            f"tokens in "
            "a folder, encrypted with a passphrase"
        ) from error
    return answer
