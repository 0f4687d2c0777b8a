"""``envoi account``: the accounts of the configuration file: add, list, show, test, remove.

The actions that look at the file are here; adding, which asks and proves, is `account_add`. The file itself
is `envoi.drivers.account_file`'s, what is in it `envoi.session.account`'s.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from envoi.cli import account_add
from envoi.cli.exits import Exit
from envoi.cli.page import Mark, Page, Row, Section
from envoi.client.account import keeper
from envoi.client.session import SMTPSession
from envoi.drivers.account_file import AccountFile
from envoi.drivers.password_places import forget_password
from envoi.session.account_writing import without_account

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from envoi.cli.terminal import Terminal
    from envoi.session.account import Account

__all__ = ["EXAMPLES", "SUMMARY", "USAGE", "add_options", "run"]

SUMMARY = "name accounts once, and send through them: add, list, show, test, remove"
USAGE = "ACTION [NAME] [options]"
EXAMPLES = """\
examples:
  envoi account add me@example.com          # finds the server, asks for the password, sends a test mail
  envoi account add me@example.com --name work --password-command 'pass show mail/work'
  envoi account add me@example.com --server smtps://me@smtp.example.com
  envoi account add me@gmail.com --client-id ID --client-secret-env GOOGLE_SECRET
  envoi account add me@example.com --issuer https://login.example.com --client-id ID --scope 'openid smtp'
  envoi account add me@example.com --issuer https://login.example.com --register
  envoi account list
  envoi account test work                   # log in, and send nothing
  envoi send --account work --to you@example.org --subject Hello --text Hello
"""


def add_options(parser: ArgumentParser) -> None:
    """Declare the actions and their options."""
    actions = parser.add_subparsers(
        dest="action", metavar="ACTION", required=True, title="actions", prog="envoi account"
    )
    account_add.add_options(actions.add_parser("add", help="find the settings, sign in, send a test mail"))
    for name, text in (
        ("list", "all accounts"),
        ("show", "one account, without its secrets"),
        ("test", "log in to its server, and send nothing"),
        (
            "remove",
            "take it out of the file, and its password out of the keyring; `logout` gives a token back",
        ),
    ):
        action = actions.add_parser(name, help=text)
        if name != "list":
            action.add_argument("name", metavar="NAME", help="the account")
        action.add_argument("--json", action="store_true", help="print the result as one JSON object")


def run(given: Namespace, terminal: Terminal) -> Exit:
    """Do what was asked.

    Raises:
        EnvoiError: there is no such account, the file is wrong, or the server refused.
    """
    if given.action == "add":
        return account_add.run(given, terminal)
    file = AccountFile()
    page, report = _ACTIONS[given.action](file, getattr(given, "name", ""))
    if given.json:
        terminal.print(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    else:
        terminal.show(page)
    return Exit.OK


def _list(file: AccountFile, _: str) -> tuple[Page, dict[str, Any]]:
    found = file.accounts()
    rows = tuple(
        Row(label=name, text=f"{account.sender or account.username} through {account.server}")
        for name, account in found.items()
    )
    empty = (Row(label="Try", text="envoi account add ADDRESS"),)
    page = Page(title=f"{len(found)} accounts in {file.path}", sections=(Section(rows=rows or empty),))
    return page, {"file": str(file.path), "accounts": [_report(account) for account in found.values()]}


def _show(file: AccountFile, name: str) -> tuple[Page, dict[str, Any]]:
    account = file.account(name)
    page = Page(title=f"Account {name}", sections=(Section(rows=tuple(_rows(account))),))
    return page, _report(account)


def _test(file: AccountFile, name: str) -> tuple[Page, dict[str, Any]]:
    account = file.account(name)
    with SMTPSession.from_account(name) as session:
        tls = None if session.tls is None else session.tls.version
    login = f"logged in as {account.username}" if account.username else "no login is wanted"
    rows = (
        Row(
            label="TLS", text=tls or "none: everything goes in clear", mark=Mark.GOOD if tls else Mark.WARNING
        ),
        Row(label="Login", text=login, mark=Mark.GOOD),
        *_key_rows(account),
    )
    page = Page(title=f"{account.server} lets {name} in", mark=Mark.GOOD, sections=(Section(rows=rows),))
    return page, {"account": name, "server": account.server, "tls": tls, "logged_in": bool(account.username)}


def _key_rows(account: Account) -> Iterator[Row]:
    if account.dkim is not None:
        # The session was made with it, so it is one; the DNS was not asked.
        text = f"the key can sign; its DNS record is {account.dkim.selector}._domainkey.{account.dkim.domain}"
        yield Row(label="DKIM", text=text, mark=Mark.GOOD)


def _remove(file: AccountFile, name: str) -> tuple[Page, dict[str, Any]]:
    account = file.account(name)
    text = without_account(file.text(), name, str(file.path))
    shared = any(
        other.username == account.username and other.password == account.password
        for other in file.accounts().values()
        if other.name != name
    )
    forgotten = account.password is not None and account.password.keyring and not shared
    if account.oauth is not None:
        keeper(account).sign_out(revoke=False)
    file.replace(text)
    if forgotten:
        forget_password(account.username)
    where = f"{file.path}{' and the keyring' if forgotten else ''}"
    report = {"account": name, "removed": True, "password_forgotten": forgotten}
    return Page(title=f"{name} is gone from {where}", mark=Mark.GOOD), report


def _rows(account: Account) -> Iterator[Row]:
    yield Row(
        label="Server", text=f"{account.server}, port {account.port or 'by security'}, {account.security}"
    )
    for label, text in (
        ("From", account.sender),
        ("User", account.username),
        ("Password", f"from {account.password}" if account.password else ""),
        ("OAuth 2.0", str(account.oauth or "")),
        ("Authorities", account.ca_file),
        (
            "DKIM",
            f"{account.dkim.selector} at {account.dkim.domain}, {account.dkim.key}" if account.dkim else "",
        ),
        ("Limits", ", ".join(f"{key} {number}" for key, number in account.limits.items())),
    ):
        if text:
            yield Row(label=label, text=text)


def _report(account: Account) -> dict[str, Any]:
    report = asdict(account)
    if account.oauth is not None:
        del report["oauth"]["client_secret"]
    return report


_ACTIONS = {"list": _list, "show": _show, "test": _test, "remove": _remove}
