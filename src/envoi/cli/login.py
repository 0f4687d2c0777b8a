"""``envoi login``: sign in to the provider of an account, and keep the token.

Needed again when the provider has ended the consent; `envoi account add` does it the first time. The
counterpart is `logout`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from envoi.cli.consent import add_consent_options, consent_of, grant_of
from envoi.cli.exits import Exit
from envoi.cli.page import Mark, Page, Row, Section
from envoi.client.account import keeper
from envoi.drivers.account_file import AccountFile

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from envoi.cli.terminal import Terminal

__all__ = ["EXAMPLES", "SUMMARY", "USAGE", "add_options", "run"]

SUMMARY = "sign in to an account's provider (OAuth 2.0), and keep the token"
USAGE = "ACCOUNT [options]"
EXAMPLES = """\
examples:
  envoi login work             # opens the browser
  envoi login work --paste     # the browser is on another machine
  envoi login work --device    # type a code there instead
  envoi login work --json
"""


def add_options(parser: ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("account", metavar="ACCOUNT", help="an account with OAuth 2.0")
    add_consent_options(parser)
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")


def run(given: Namespace, terminal: Terminal) -> Exit:
    """Sign in.

    Raises:
        TokenUnavailable: the person or the provider gave no token.
        ConfigError: there is no such account, or it has no OAuth 2.0 client.
    """
    account = AccountFile().account(given.account)
    token = keeper(account, grant_of(given)).authorize(consent_of(given, terminal))
    until = None if token.expires_at is None else token.expires_at.isoformat(timespec="seconds")
    renewable = token.refresh_token is not None
    if given.json:
        report = {"account": account.name, "expires_at": until, "renewable": renewable, "scope": token.scope}
        terminal.print(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
        return Exit.OK
    renewal = (
        Row(label="Renewal", text="by itself", mark=Mark.GOOD)
        if renewable
        else Row(label="Renewal", text="none: the provider gave no refresh token", mark=Mark.WARNING)
    )
    rows = (Row(label="Good until", text=until or "the provider says otherwise", mark=Mark.GOOD), renewal)
    terminal.show(
        Page(title=f"Signed in as {account.username}", mark=Mark.GOOD, sections=(Section(rows=rows),))
    )
    return Exit.OK
