"""``envoi logout``: give an account's token back to the provider, and forget it.

The account itself stays; `envoi account remove` takes that away. The counterpart is `login`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from envoi.cli.exits import Exit
from envoi.cli.page import Mark, Page
from envoi.client.account import keeper
from envoi.drivers.account_file import AccountFile

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from envoi.cli.terminal import Terminal

__all__ = ["EXAMPLES", "SUMMARY", "USAGE", "add_options", "run"]

SUMMARY = "give an account's OAuth 2.0 token back to the provider, and forget it"
USAGE = "ACCOUNT [options]"
EXAMPLES = """\
examples:
  envoi logout work
  envoi logout work --no-revoke     # forget it here; for providers that take none back
  envoi logout work --json
  envoi login work                  # and in again
"""


def add_options(parser: ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("account", metavar="ACCOUNT", help="an account with OAuth 2.0")
    parser.add_argument("--no-revoke", action="store_true", help="forget the token without giving it back")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")


def run(given: Namespace, terminal: Terminal) -> Exit:
    """Sign out.

    Raises:
        TokenUnavailable: the provider did not take the token; it is kept.
        ConfigError: there is no such account, or its provider takes no tokens back.
    """
    account = AccountFile().account(given.account)
    keeper(account).sign_out(revoke=not given.no_revoke)
    if given.json:
        terminal.print(json.dumps({"account": account.name, "revoked": not given.no_revoke}, indent=2) + "\n")
    else:
        how = "forgotten here" if given.no_revoke else "given back and forgotten"
        terminal.show(Page(title=f"The token of {account.name} is {how}", mark=Mark.GOOD))
    return Exit.OK
