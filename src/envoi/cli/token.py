"""``envoi token``: a fresh access token of an account, for other programs.

The token is the only thing on standard output, so that it can be what msmtp, mutt or fetchmail call for a
password. It is renewed first when it is about to expire, once for all who ask.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from envoi.cli.chosen_account import named_account
from envoi.cli.exits import Exit
from envoi.client.account import keeper

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from envoi.cli.terminal import Terminal

__all__ = ["EXAMPLES", "SUMMARY", "USAGE", "add_options", "run"]

SUMMARY = "print a fresh access token of an account, for other programs"
USAGE = "[ACCOUNT] [options]"
EXAMPLES = """\
examples:
  envoi token work              # what msmtp calls as its passwordeval
  envoi token work --renew      # the server refused the last one
  envoi token work --json
  envoi login work              # when it says that somebody has to sign in
"""


def add_options(parser: ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "account", metavar="ACCOUNT", nargs="?", help="an account with OAuth 2.0; else ENVOI_ACCOUNT"
    )
    parser.add_argument("--renew", action="store_true", help="get a new one even if the last is still good")
    parser.add_argument("--json", action="store_true", help="print user and token as one JSON object")


def run(given: Namespace, terminal: Terminal) -> Exit:
    """Print the token.

    Raises:
        TokenUnavailable: there is none; the text says what to do.
        ConfigError: there is no such account, or it has no OAuth 2.0 client.
    """
    account = named_account(given.account, terminal)
    token = keeper(account).access_token(renew=given.renew)
    if given.json:
        report = {"account": account.name, "username": account.username, "access_token": token}
        terminal.print(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    else:
        terminal.print(f"{token}\n")
    return Exit.OK
