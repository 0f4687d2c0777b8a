"""Which outbox: ``--outbox URL``, else the variable ``ENVOI_OUTBOX``, else a file among the user's data.

An URL with a password belongs into the variable: arguments are seen by everybody on the machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from envoi.client.outbox import Outbox
from envoi.drivers.data_folder import default_outbox
from envoi.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable

    from envoi.cli.terminal import Terminal
    from envoi.outbox.account_rules import AccountRules

__all__ = ["VARIABLE", "add_place_options", "open_outbox"]

VARIABLE = "ENVOI_OUTBOX"


def add_place_options(parser: ArgumentParser) -> None:
    """Declare the options that every action has."""
    parser.add_argument(
        "--outbox",
        metavar="URL",
        help="sqlite:///file.db or postgresql://…; by default the variable "
        f"{VARIABLE}, else a file among your data",
    )
    parser.add_argument("--json", action="store_true", help="print the result, or the error, as JSON")


def open_outbox(given: Namespace, terminal: Terminal, rules: Iterable[AccountRules] = ()) -> Outbox:
    """Return the outbox that is meant.

    Raises:
        UsageError: the URL has a password that everybody could see.
        ConfigError: it is no URL of an outbox, or its driver is not installed.
    """
    if given.outbox and _tells_password(given.outbox):
        raise UsageError(f"a password among the arguments is seen by everybody: put the URL into {VARIABLE}")
    named = given.outbox or terminal.environ.get(VARIABLE)
    return Outbox(named or default_outbox(terminal.environ), accounts=rules)


def _tells_password(url: str) -> bool:
    place, _, query = url.partition("://")[2].partition("?")
    user, at, _ = place.rpartition("@")
    return bool(at and ":" in user) or any(
        name in ("password", "sslpassword") for name, _ in parse_qsl(query, keep_blank_values=True)
    )
