"""Fetching a password from the place that an account names: keyring, variable, file or program.

What is fetched is never shown, not even when it is wrong; a program's output may be the password, so errors
repeat none of it. Asking a person is the command line's business.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envoi.errors import ConfigError

if TYPE_CHECKING:
    from envoi.session.account import PasswordPlace

__all__ = ["SERVICE", "fetch_password", "forget_password", "keep_password", "kept_password"]

SERVICE = "envoi"
"""The service under which the keyring keeps our passwords."""
_PATIENCE_SECONDS = 60
"""A program may ask its user for a passphrase."""


def fetch_password(place: PasswordPlace, username: str) -> str:
    """Return the password of a user.

    Raises:
        ConfigError: it is not there.
    """
    if place.keyring:
        password = kept_password(username) or ""
    elif place.env:
        password = os.environ.get(place.env, "")
    elif place.file:
        password = _first_line(_read(place.file), place)
    else:
        password = _first_line(_output(place.command), place)
    if not password:
        raise ConfigError(f"{place} has no password for {username!r}")
    return password


def kept_password(username: str) -> str | None:
    """Return what the keyring has for a user.

    Raises:
        ConfigError: there is no keyring, or it is locked.
    """
    kept: str | None = _keyring("get_password", username)
    return kept


def keep_password(username: str, password: str) -> None:
    """Put a password into the keyring.

    Raises:
        ConfigError: there is no keyring, or it takes nothing.
    """
    _keyring("set_password", username, password)


def forget_password(username: str) -> None:
    """Take a password out of the keyring; no error when there is none.

    Raises:
        ConfigError: there is no keyring, or it is locked.
    """
    if kept_password(username) is not None:
        _keyring("delete_password", username)


def _keyring(method: str, *arguments: str) -> Any:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise ConfigError("the keyring needs the library keyring: pip install 'envoi[keyring]'") from None
    try:
        return getattr(keyring, method)(SERVICE, *arguments)
    except KeyringError as error:
        raise ConfigError(f"the keyring does not answer: {type(error).__name__}: {error}") from error


def _read(name: str) -> bytes:
    try:
        with Path(name).expanduser().open("rb") as file:
            return file.readline()
    except OSError as error:
        raise ConfigError(f"the file {name} cannot be read: {error.strerror}") from error


def _output(command: tuple[str, ...]) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - the user's own file names the program
            command, stdout=subprocess.PIPE, timeout=_PATIENCE_SECONDS, check=True
        )
    except subprocess.CalledProcessError as error:
        raise ConfigError(f"{command[0]} ended with {error.returncode}, without a password") from None
    except subprocess.TimeoutExpired:
        raise ConfigError(f"{command[0]} gave no password within {_PATIENCE_SECONDS} s") from None
    except OSError as error:
        raise ConfigError(f"{command[0]} cannot be run: {error.strerror}") from error
    return done.stdout


def _first_line(octets: bytes, place: PasswordPlace) -> str:
    try:
        return octets.split(b"\n", 1)[0].rstrip(b"\r").decode()
    except UnicodeDecodeError:
        raise ConfigError(f"{place} is not UTF-8") from None
