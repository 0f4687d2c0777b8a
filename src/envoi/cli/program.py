"""The program ``envoi``: finds the command, and turns whatever it ends in into words and an exit code.

The commands are modules with `SUMMARY`, `USAGE`, `EXAMPLES`, `add_options` and `run`; adding one is a
line in `COMMANDS`. No traceback reaches the user, unless ENVOI_DEBUG asks for it.
"""

from __future__ import annotations

import json
import sys
import traceback
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import envoi
from envoi.cli import account, bounce, check, discover, lint, login, logout, merge, outbox, send, token
from envoi.cli.exits import Exit, exit_of
from envoi.cli.failures import failure_page, failure_report, interruption
from envoi.cli.terminal import Terminal
from envoi.errors import Accepted
from envoi.session.submit import MAYBE_REMEDY

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

__all__ = ["main"]

COMMANDS = {
    "send": send,
    "merge": merge,
    "outbox": outbox,
    "bounce": bounce,
    "check": check,
    "discover": discover,
    "account": account,
    "login": login,
    "logout": logout,
    "token": token,
    "lint": lint,
}

_DESCRIPTION = "Send e-mail and know what happened to it."
_ENVIRONMENT = """\
environment:
  ENVOI_SERVER                the server of `envoi send`, `merge` and `check`, as for --server
  ENVOI_ACCOUNT               the account of `envoi send`, `merge`, `check` and `token`, as for
                              --account; goes before ENVOI_SERVER, and a --server before it
  ENVOI_OUTBOX                the outbox, as for --outbox; here its URL may hold a password
  ENVOI_BOUNCE_SECRET         what the bounce addresses of `envoi bounce --base` are signed with
  ENVOI_CONFIG                the file with the accounts; ~/.config/envoi/config.toml by default
  ENVOI_PASSWORD              the password
  ENVOI_TOKEN                 an OAuth 2.0 access token, instead of a password
  ENVOI_TOKEN_PASSPHRASE      encrypts the kept tokens of accounts, instead of a key in the keyring
  ENVOI_PROXY                 the proxy, as for --proxy; here it may hold a password
  ENVOI_CLIENT_KEY_PASSWORD   the password of the file of --client-key
  ENVOI_DEBUG=1               show where in the program an error came from
  SSL_CERT_FILE, SSL_CERT_DIR the authorities to trust
  NO_COLOR                    no colours
"""
_EXAMPLES = """\
examples:
  # what does a server offer, and is its certificate good?
  envoi check smtp.example.com

  # a mail; the text is what is typed or piped in
  echo Hello | envoi send --from me@example.com --to you@example.org \\
      --subject Hi --server smtps://me@smtp.example.com

  # a mail for every row of a file, from a template; first only to look at
  envoi merge letters/welcome people.csv --from me@example.com

  # all about sending, with more examples
  envoi send --help
"""


_FORMATTER = partial(RawDescriptionHelpFormatter, max_help_position=30)


class _Parser(ArgumentParser):
    """argparse, with the exit code that sysexits has for it."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(Exit.USAGE, f"{self.prog}: {message}. See: {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; `argv` is without the program's name."""
    terminal = Terminal.of_process()
    try:
        given = _parser().parse_args(argv)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Exit.USAGE
    try:
        return int(COMMANDS[given.command].run(given, terminal))
    except KeyboardInterrupt as stop:
        return _interrupted(stop, given, terminal)
    except Exception as error:  # noqa: BLE001 - the last line of defence: no traceback for users
        return _failed(error, given, terminal)


def _parser() -> ArgumentParser:
    parser = _Parser(
        prog="envoi",
        description=_DESCRIPTION,
        epilog=f"{_EXAMPLES}\n{_exit_codes()}\n{_ENVIRONMENT}",
        formatter_class=_FORMATTER,
    )
    parser.add_argument(
        "--version", help="show the version", action="version", version=f"envoi {envoi.__version__}"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, title="commands")
    for name, command in COMMANDS.items():
        command.add_options(
            commands.add_parser(
                name,
                help=command.SUMMARY,
                description=f"{command.SUMMARY[0].upper()}{command.SUMMARY[1:]}.",
                epilog=f"{command.EXAMPLES}\n{_exit_codes()}\n{_ENVIRONMENT}",
                usage=f"envoi {name} {command.USAGE}",
                formatter_class=_FORMATTER,
                allow_abbrev=False,
            )
        )
    return parser


def _exit_codes() -> str:
    return "exit codes:\n" + "".join(f"  {code:3}  {code.meaning}\n" for code in Exit)


def _failed(error: Exception, given: Namespace, terminal: Terminal) -> int:
    if terminal.environ.get("ENVOI_DEBUG"):
        terminal.complain("".join(traceback.format_exception(error)))
    if given.json:
        terminal.print(_as_json(failure_report(error)))
    else:
        terminal.show_error(failure_page(error))
    return int(exit_of(error))


def _interrupted(stop: KeyboardInterrupt, given: Namespace, terminal: Terminal) -> int:
    left = MAYBE_REMEDY in getattr(stop, "__notes__", ())
    page, report = interruption(accepted=Accepted.MAYBE if left else Accepted.NO)
    if given.json:
        terminal.print(_as_json(report))
    else:
        terminal.show_error(page)
    return int(Exit.INTERRUPTED)


def _as_json(report: dict[str, object]) -> str:
    return json.dumps(report, ensure_ascii=False, indent=2) + "\n"
