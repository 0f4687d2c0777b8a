"""Where the password or the OAuth 2.0 token comes from: never from the command line.

What stands in argv is readable by every user of the machine, in ``ps`` and in the shell's history. So it
comes from the environment, a file, the keyring of the desktop, or from somebody who types it. Only finding
it is here; what is done with it is the session's business.
"""

from __future__ import annotations

import getpass
import os
import stat
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from envoi.drivers.password_places import SERVICE, kept_password
from envoi.errors import ConfigError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from envoi.cli.terminal import Terminal

__all__ = ["Secret", "add_secret_options", "ask_password", "find_secret"]

PASSWORD, TOKEN = "ENVOI_PASSWORD", "ENVOI_TOKEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A password, a token, or neither."""

    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


def add_secret_options(parser: ArgumentParser) -> None:
    """Declare the options that say where the secret is."""
    group = parser.add_argument_group(
        "password",
        f"One of these; without any, {PASSWORD} or {TOKEN}, else you are asked. A password\n"
        "is never taken from the command line, which every user of the machine can read.",
    )
    one = group.add_mutually_exclusive_group()
    one.add_argument(
        "--password-env", metavar="NAME", help="the environment variable that holds the password"
    )
    one.add_argument("--password-file", metavar="FILE", help="a file with the password in its first line")
    one.add_argument(
        "--keyring",
        action="store_true",
        help=f"take it from the desktop's keyring, service {SERVICE!r} (extra 'keyring'); "
        f"put it there with: keyring set {SERVICE} USER",
    )
    one.add_argument("--token-env", metavar="NAME", help="the variable that holds an OAuth 2.0 access token")
    one.add_argument("--token-file", metavar="FILE", help="a file with an access token in its first line")


def find_secret(given: Namespace, username: str | None, terminal: Terminal) -> Secret:
    """Return the secret that goes with a user; with neither a user nor an option there is none.

    Raises:
        ConfigError: the place that was named holds none, or there is nowhere to look.
        OSError: a file cannot be read.
    """
    if given.password_env is not None:
        return Secret(password=_variable(given.password_env, terminal))
    if given.password_file is not None:
        return Secret(password=_first_line(given.password_file, terminal))
    if given.token_env is not None:
        return Secret(token=_variable(given.token_env, terminal))
    if given.token_file is not None:
        return Secret(token=_first_line(given.token_file, terminal))
    if username is None:
        if given.keyring:
            raise ConfigError("--keyring needs to know whose password: give --username")
        return Secret()
    return Secret(password=_from_keyring(username)) if given.keyring else _unnamed(username, terminal)


def _unnamed(username: str, terminal: Terminal) -> Secret:
    password, token = terminal.environ.get(PASSWORD), terminal.environ.get(TOKEN)
    if password and token:
        raise ConfigError(
            f"both {PASSWORD} and {TOKEN} are set; say which with --password-env or --token-env"
        )
    if password or token:
        return Secret(password=password or None, token=token or None)
    if terminal.can_be_asked:
        return Secret(password=ask_password(username))
    raise ConfigError(
        f"no password for {username!r}: set {PASSWORD}, or give --password-file, --password-env, --keyring, "
        "--token-file or --token-env; there is no terminal to ask on"
    )


def _variable(name: str, terminal: Terminal) -> str:
    value = terminal.environ.get(name)
    if not value:
        raise ConfigError(f"the environment variable {name} is not set, or empty")
    return value


def _first_line(name: str, terminal: Terminal) -> str:
    with Path(name).open("rb") as file:
        line = file.readline()
        mode = os.fstat(file.fileno()).st_mode
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO) and stat.S_ISREG(mode):
        terminal.complain(f"envoi: warning: others can read {name}; protect it with: chmod 600 {name}")
    try:
        secret = line.rstrip(b"\r\n").decode()
    except UnicodeDecodeError:
        raise ConfigError(f"the first line of {name} is not UTF-8") from None
    if not secret:
        raise ConfigError(f"the first line of {name} is empty")
    return secret


def _from_keyring(username: str) -> str:
    password = kept_password(username)
    if not password:
        raise ConfigError(
            f"the keyring has no password for {username!r}; "
            f"put it there with: keyring set {SERVICE} {username}"
        )
    return password


def ask_password(username: str) -> str:
    """Ask a person, without showing what is typed.

    Raises:
        ConfigError: none was given, or there is no way to hide it.
    """
    with warnings.catch_warnings():
        # Rather nothing than a password that shows while it is typed.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            password = getpass.getpass(f"Password for {username}: ")
        except (getpass.GetPassWarning, EOFError):
            password = ""
    if not password:
        raise ConfigError(f"no password for {username!r} was given")
    return password
