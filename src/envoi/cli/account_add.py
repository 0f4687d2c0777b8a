"""``envoi account add``: from an address to an account that is known to work.

Finds the settings, asks for what nobody else can know, signs in, sends a test mail to the account's own
address, and only then keeps anything. What it proved is said, and what it could not prove as well.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from envoi.cli.account_proof import Proof, proof_page, proof_report
from envoi.cli.consent import add_consent_options, consent_of, grant_of
from envoi.cli.exits import Exit
from envoi.cli.passwords import ask_password
from envoi.cli.server import read_server
from envoi.client import discover as client
from envoi.client import oauth as client_oauth
from envoi.client.account import ISSUER_SCOPE, account_arguments, issuer_of, keeper, token_passphrase
from envoi.client.session import SMTPSession
from envoi.drivers.account_file import AccountFile
from envoi.drivers.password_places import fetch_password, keep_password, kept_password
from envoi.drivers.token_keyring import keyring_key
from envoi.errors import ConfigError, UsageError
from envoi.message.address import Address
from envoi.message.email import Email
from envoi.session.account import Account, OAuthClient, PasswordPlace
from envoi.session.account_writing import with_account

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from envoi.cli.terminal import Terminal
    from envoi.discovery.answer import Discovered

__all__ = ["add_options", "run"]

_ELSEWHERE = "name another place with --password-env, --password-file or --password-command"


def add_options(parser: ArgumentParser) -> None:
    """Declare the options of the action."""
    parser.add_argument("address", metavar="ADDRESS", help="whose account it is: me@example.com, or 'Me <…>'")
    parser.add_argument("--name", metavar="NAME", help="what to call it; the part before the @ by default")
    parser.add_argument(
        "--server", metavar="URL", help="smtps://USER@HOST and the like, instead of searching"
    )
    parser.add_argument("--ca-file", metavar="FILE", help="trust these authorities instead of the system's")
    parser.add_argument("--yes", action="store_true", help="use settings that are in doubt without asking")
    parser.add_argument("--no-test-mail", action="store_true", help="log in, and send nothing")
    secret = parser.add_argument_group(
        "password", "Without any of these you are asked, and the keyring keeps it (extra 'keyring')."
    ).add_mutually_exclusive_group()
    secret.add_argument("--password-env", metavar="NAME", help="it will be in this environment variable")
    secret.add_argument("--password-file", metavar="FILE", help="it is in the first line of this file")
    secret.add_argument("--password-command", metavar="COMMAND", help="this program prints it")
    secret.add_argument("--client-id", metavar="ID", help="OAuth 2.0 with this client, instead of a password")
    secret.add_argument(
        "--register", action="store_true", help="the same with a client that the provider gives to programs"
    )
    parser.add_argument("--issuer", metavar="URL", help="the provider, where the table does not know it")
    parser.add_argument("--scope", metavar="WORDS", help="what to ask the provider for")
    parser.add_argument("--client-secret-env", metavar="NAME", help="the variable with the client's secret")
    add_consent_options(parser)
    parser.add_argument("--json", action="store_true", help="print what was proved as one JSON object")


def run(given: Namespace, terminal: Terminal) -> Exit:
    """Add an account.

    Raises:
        EnvoiError: no settings, no password, or the server refused; nothing is kept then.
    """
    address, file = Address.parse(given.address), AccountFile()
    name = given.name or address.local
    if name in file.accounts():
        raise ConfigError(f"there is an account {name!r} already: choose another with --name, or remove it")
    settings, tokens_from = _settings(given, address, terminal)
    account = replace(settings, name=name, sender=str(address), ca_file=given.ca_file or "")
    account = _with_login(account, tokens_from, given, terminal)
    asked = _asked_password(account, terminal)
    proof = _prove(account, asked, given, address, terminal)
    file.replace(with_account(file.text(), account, str(file.path)))
    if asked is not None:
        keep_password(account.username, asked)
    if given.json:
        terminal.print(json.dumps(proof_report(account, proof, file), ensure_ascii=False, indent=2) + "\n")
    else:
        terminal.show(proof_page(account, proof, file))
    return Exit.OK


def _settings(given: Namespace, address: Address, terminal: Terminal) -> tuple[Account, dict[str, str]]:
    """Return server and user, without a name yet, and who gives tokens: a provider or an issuer."""
    if given.server:
        server = read_server(given.server, None, public=True)
        username = server.username or ""
        settings = _account(server.host, server.port, server.security.value, username)
        return settings, {"provider": address.domain}
    found = client.discover(address.spec, ca_file=given.ca_file)
    if not found.verified and not given.yes:
        _agree(found, terminal)
    if not found.takes_password and found.username and not (given.client_id or given.register):
        raise ConfigError(_no_password(found))
    terminal.complain(f"{found.server}, port {found.port}: {found.password_hint}.")
    settings = _account(found.server, found.port, found.security, found.username)
    if not found.provider and found.authorization is not None and found.authorization.issuer:
        return settings, {"issuer": found.authorization.issuer}
    return settings, {"provider": found.provider or address.domain}


def _account(server: str, port: int | None, security: str, username: str) -> Account:
    # The way to log in is not known yet; until then the password counts as asked for.
    password = PasswordPlace(keyring=True) if username else None
    return Account(
        name="new", server=server, port=port, security=security, username=username, password=password
    )


def _agree(found: Discovered, terminal: Terminal) -> None:
    if not terminal.can_be_asked:
        raise ConfigError(f"{found.server} is in doubt: {found.doubt}. Use it nevertheless with --yes")
    question = f"{found.server}, port {found.port}. But {found.doubt}.\nUse it? [y/N] "
    if terminal.ask(question).lower() not in ("y", "yes"):
        raise ConfigError("the settings were not agreed to: give the right ones with --server")


def _no_password(found: Discovered) -> str:
    steps = () if found.authorization is None else found.authorization.console
    advice = " ".join(f"({number}) {step}" for number, step in enumerate(steps, 1))
    what = f"{found.server}: {found.password_hint}. Get a client id and give it with --client-id"
    return f"{what}. {advice}".rstrip(". ")


def _with_login(
    account: Account, tokens_from: dict[str, str], given: Namespace, terminal: Terminal
) -> Account:
    if not account.username:
        return account
    if given.client_id or given.register:
        oauth = _client({"issuer": given.issuer} if given.issuer else tokens_from, given, terminal)
        return replace(account, password=None, oauth=oauth)
    for option in ("issuer", "scope", "client_secret_env"):
        if getattr(given, option):
            raise UsageError(f"--{option.replace('_', '-')} goes with --client-id or --register")
    command = tuple(shlex.split(given.password_command or ""))
    if given.password_env or given.password_file or command:
        place = PasswordPlace(env=given.password_env or "", file=given.password_file or "", command=command)
        return replace(account, password=place)
    return account


def _client(source: dict[str, str], given: Namespace, terminal: Terminal) -> OAuthClient:
    if given.register and given.client_secret_env:
        raise UsageError("--client-secret-env goes with --client-id")
    secret = terminal.environ.get(given.client_secret_env, "") if given.client_secret_env else ""
    named = OAuthClient(
        **source,
        client_id=given.client_id or "",
        client_secret=secret,
        scope=given.scope or "",
        keyring=_has_keyring(),
    )
    if not given.register:
        return named
    metadata = client_oauth.discover(issuer_of(named))
    made = client_oauth.register_client(metadata, name="envoi", scope=named.scope or ISSUER_SCOPE)
    return replace(named, client_id=made.client_id, client_secret=made.client_secret or "")


def _has_keyring() -> bool:
    if token_passphrase():
        return False
    try:
        keyring_key()
    except ConfigError:
        return False
    return True


def _asked_password(account: Account, terminal: Terminal) -> str | None:
    """Ask a person; None when the password is known already, or none is wanted."""
    if account.password is None or not account.password.keyring:
        return None
    try:
        known = kept_password(account.username) is not None
    except ConfigError as error:
        raise ConfigError(f"{error}; or {_ELSEWHERE}") from error
    if known:
        return None
    if not terminal.can_be_asked:
        raise ConfigError(f"no password for {account.username!r}, and no terminal to ask on: {_ELSEWHERE}")
    return ask_password(account.username)


def _prove(
    account: Account, asked: str | None, given: Namespace, address: Address, terminal: Terminal
) -> Proof:
    if account.oauth is not None:
        keeper(account, grant_of(given)).authorize(consent_of(given, terminal))
    elif account.password is not None and asked is None:
        fetch_password(account.password, account.username)
    with SMTPSession(**account_arguments(account, {} if asked is None else {"password": asked})) as session:
        receipt = None if given.no_test_mail else session.send(_test_mail(account, address))
        return Proof(tls=session.tls, receipt=receipt)


def _test_mail(account: Account, address: Address) -> Email:
    return Email(
        sender=address,
        to=[address],
        subject="envoi can send",
        text=f"This is the test mail of the account {account.name!r}, sent through {account.server}.\n",
    )
