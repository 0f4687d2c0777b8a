"""``envoi check``: what a server offers, and what is the matter with it.

Nothing is sent but EHLO, NOOP and QUIT, and a login with ``--login``. The looking is done by
`envoi.client.inspect`, the drawing by `reports`; here are the options, the ports of ``--all`` and the exit
code.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from envoi.cli.chosen_account import add_account_option, find_account, server_of
from envoi.cli.exits import Exit, exit_of
from envoi.cli.passwords import add_secret_options
from envoi.cli.reports import report_page, report_report
from envoi.cli.server import add_server_options, read_server, session_arguments
from envoi.client.inspect import inspect_server
from envoi.errors import ConfigError, UsageError
from envoi.session.settings import Security, Settings

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from envoi.cli.terminal import Terminal
    from envoi.client.inspect import ServerReport
    from envoi.session.server_url import ServerURL

__all__ = ["EXAMPLES", "SUMMARY", "USAGE", "add_options", "run"]

SUMMARY = "look at a server: its TLS, its certificate, what it offers, and what is wrong"
USAGE = "[SERVER] [options]"
EXAMPLES = """\
examples:
  envoi check smtp.example.com                      # port 587, STARTTLS
  envoi check smtps://smtp.example.com              # port 465, TLS from the first byte
  envoi check smtp.example.com --all                # ports 25, 465 and 587
  envoi check smtps://me@smtp.example.com --login   # is the password good?
  envoi check --account work --login                # that of an account?
  envoi check relay.lan --port 25 --security plaintext
  envoi check smtp.example.com --json | jq '.checks[0].tls.not_after'
"""
_ALL = ((25, Security.STARTTLS), (465, Security.TLS), (587, Security.STARTTLS))


def add_options(parser: ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "server", metavar="SERVER", nargs="?", help="HOST, HOST:PORT or an URL; else ENVOI_SERVER"
    )
    add_account_option(parser)
    parser.add_argument("--port", metavar="N", type=int, help="the port; 587, or what goes with --security")
    parser.add_argument("--all", action="store_true", help="try the ports 25, 465 and 587")
    parser.add_argument("--login", action="store_true", help="log in as well")
    add_server_options(parser)
    add_secret_options(parser)
    output = parser.add_argument_group("output")
    output.add_argument(
        "--verbose", "-v", action="store_true", help="show the conversation; secrets are left out"
    )
    output.add_argument("--json", action="store_true", help="print what was found as one JSON object")


def run(given: Namespace, terminal: Terminal) -> Exit:
    """Look at the server, or at each of its usual ports.

    Raises:
        EnvoiError: the options cannot work with any server.
        OSError: a file cannot be read.
    """
    server = _server(given, terminal)
    arguments = session_arguments(given, server, terminal, login=given.login)
    ways = _ALL if given.all else ((server.port, server.security),)
    settings = [_settings(arguments, port, security) for port, security in ways]
    with _patience(server.host, terminal):
        reports = _look(settings)
    _tell(reports, given, terminal)
    return _exit(reports)


def _server(given: Namespace, terminal: Terminal) -> ServerURL:
    if given.all and (given.port is not None or given.security is not None):
        raise UsageError("--all tries the usual ports in the usual ways: leave --port and --security out")
    if given.server and given.account:
        raise UsageError("SERVER contradicts --account, which says it already")
    account = find_account(given, terminal)
    server = _named_server(given, terminal) if account is None else server_of(account)
    if given.port is None:
        return server
    if server.port not in (None, given.port):
        raise UsageError(f"--port {given.port} contradicts the port {server.port} behind the host")
    return replace(server, port=given.port)


def _named_server(given: Namespace, terminal: Terminal) -> ServerURL:
    text = given.server or terminal.environ.get("ENVOI_SERVER")
    if not text:
        raise ConfigError("which server? Name it or an --account, or set ENVOI_SERVER")
    security = "tls" if given.port == 465 and given.security is None and "://" not in text else given.security
    return read_server(text, security, public=bool(given.server))


def _settings(arguments: Any, port: int | None, security: Security) -> Settings:
    everything: dict[str, Any] = {**arguments, "port": port, "security": security.value}
    return Settings.of(**everything)


def _patience(host: str, terminal: Terminal) -> AbstractContextManager[object]:
    console = terminal.error_console()
    return nullcontext() if console is None else console.status(f"Looking at {host} …")


def _look(settings: Sequence[Settings]) -> list[ServerReport]:
    with ThreadPoolExecutor(len(settings)) as pool:
        return list(pool.map(inspect_server, settings))


def _tell(reports: Sequence[ServerReport], given: Namespace, terminal: Terminal) -> None:
    if given.json:
        checks = {"checks": [report_report(report) for report in reports]}
        terminal.print(json.dumps(checks, ensure_ascii=False, indent=2) + "\n")
        return
    now = datetime.now(UTC)
    for number, report in enumerate(reports):
        if number:
            terminal.print("\n")
        terminal.show(report_page(report, now))


def _exit(reports: Sequence[ServerReport]) -> Exit:
    # Not every server serves every port; with --all it is enough that one of them answers.
    answering = [report for report in reports if report.inspection.peer is not None] or reports[:1]
    for report in answering:
        if report.inspection.failure is not None:
            return exit_of(report.inspection.failure)
    return Exit.IN_PART if any(report.findings for report in answering) else Exit.OK
