"""Which account a command works with: ``--account NAME``, else the variable ``ENVOI_ACCOUNT``.

A server that is named on the command line goes before the variable, as it would be odd if it did not. What an
account says may not be said again. The accounts themselves are `envoi.drivers.account_file`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.drivers.account_file import AccountFile
from envoi.errors import ConfigError, UsageError
from envoi.session.server_url import ServerURL
from envoi.session.settings import Protocol, Security

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from envoi.cli.terminal import Terminal
    from envoi.session.account import Account

__all__ = ["add_account_option", "find_account", "named_account", "server_of"]

_VARIABLE = "ENVOI_ACCOUNT"
_SAID_BY_ACCOUNT = (
    "server",
    "security",
    "username",
    "password_env",
    "password_file",
    "keyring",
    "token_env",
    "token_file",
)


def add_account_option(parser: ArgumentParser) -> None:
    """Declare ``--account``."""
    parser.add_argument(
        "--account",
        metavar="NAME",
        help=f"an account of `envoi account`, instead of a server; by default the variable {_VARIABLE}",
    )


def find_account(given: Namespace, terminal: Terminal) -> Account | None:
    """Return the account that the options or the environment name.

    Raises:
        UsageError: other options say which server as well.
        ConfigError: there is none of that name, or the file is wrong.
    """
    if given.account is None and (not terminal.environ.get(_VARIABLE) or given.server):
        return None
    for option in _SAID_BY_ACCOUNT:
        if getattr(given, option):
            source = _VARIABLE if given.account is None else "--account"
            raise UsageError(f"--{option.replace('_', '-')} contradicts {source}, which says it already")
    return named_account(given.account, terminal)


def named_account(name: str | None, terminal: Terminal) -> Account:
    """Return an account by its name; without one, that of the environment.

    Raises:
        ConfigError: nothing names one, there is none of that name, or the file is wrong.
    """
    if name is not None:
        return AccountFile().account(name)
    kept = terminal.environ.get(_VARIABLE)
    if not kept:
        raise ConfigError(f"which account? Name it, or set {_VARIABLE}")
    try:
        return AccountFile().account(kept)
    except ConfigError as error:
        raise ConfigError(f"{_VARIABLE}={kept}: {error}") from error


def server_of(account: Account) -> ServerURL:
    """Return the server of an account, as if its URL had been given."""
    return ServerURL(
        host=account.server,
        port=account.port,
        security=Security.named(account.security),
        protocol=Protocol.SMTP,
        username=account.username or None,
    )
