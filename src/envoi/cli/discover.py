"""``envoi discover``: how to send from an address, and who says so.

The search is `envoi.client.discover`'s; here is the table that shows it, and a line to paste into a program.
Nothing is sent to the server that was found; that is `check`.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from envoi.cli.exits import Exit
from envoi.cli.page import Mark, Page, Row, Section
from envoi.client import discover as client

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from envoi.cli.terminal import Terminal
    from envoi.discovery.answer import Considered, Discovered, Discovery

__all__ = ["EXAMPLES", "SUMMARY", "USAGE", "add_options", "discovered_page", "discovered_report", "run"]

SUMMARY = "find out how to send from an address: server, port, user name, kind of password"
USAGE = "ADDRESS [options]"
EXAMPLES = """\
examples:
  envoi discover me@example.com
  envoi discover me@example.com --ispdb             # ask Thunderbird's database, too
  envoi discover me@example.com --timeout 2         # give each question two seconds
  envoi discover me@example.com --json | jq .server
"""


def add_options(parser: ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("address", metavar="ADDRESS", help="whose settings are wanted")
    parser.add_argument(
        "--ispdb", action="store_true", help="ask Thunderbird's database, which so learns the domain"
    )
    parser.add_argument(
        "--timeout", metavar="S", type=float, default=5.0, help="give each question S seconds; 5 by default"
    )
    parser.add_argument(
        "--ca-file", metavar="FILE", help="trust these authorities (PEM) instead of the system's"
    )
    parser.add_argument("--json", action="store_true", help="print what was found as one JSON object")


def run(given: Namespace, terminal: Terminal) -> Exit:
    """Search, and show the answer.

    Raises:
        EnvoiError: that is no address, or nobody knows.
    """
    console = terminal.error_console()
    with nullcontext() if console is None else console.status(f"Asking about {given.address} …"):
        search = client.find(given.address, ispdb=given.ispdb, timeout=given.timeout, ca_file=given.ca_file)
    if given.json:
        terminal.print(json.dumps(discovered_report(search), ensure_ascii=False, indent=2) + "\n")
    else:
        terminal.show(discovered_page(search))
    if search.found is None:
        return Exit.CONFIGURATION
    return Exit.OK if search.found.verified else Exit.IN_PART


def discovered_page(search: Discovery) -> Page:
    """Describe a search for people."""
    asked = Section(heading="Asked", rows=tuple(_row(each) for each in search.considered))
    found = search.found
    if found is None:
        advice = "ask the provider for the name of its submission server, and give it with --server"
        return Page(
            title=f"Nobody knows how to send from {search.address}",
            mark=Mark.BAD,
            sections=(asked, Section(rows=(Row(label="Try", text=advice),))),
        )
    title = f"{search.address} sends through {found.server}, port {found.port}"
    sections = (
        Section(heading="Settings", rows=tuple(_settings(found))),
        Section(heading="OAuth 2.0", rows=tuple(_oauth(found))),
        asked,
        Section(heading="In a program", rows=(Row(text=session_line(found)),)),
    )
    mark = Mark.GOOD if found.verified else Mark.WARNING
    return Page(title=title, mark=mark, sections=tuple(each for each in sections if each.rows))


def session_line(found: Discovered) -> str:
    """Return Python that opens a session with these settings."""
    arguments = [repr(found.server), str(found.port)]
    if found.security != "starttls":
        arguments.append(f"security={found.security!r}")
    if found.username:
        secret = "password=…" if found.takes_password else "auth=…"
        arguments += [f"username={found.username!r}", secret]
    return f"SMTPSession({', '.join(arguments)})"


def _row(each: Considered) -> Row:
    return Row(label=each.place, text=each.outcome, mark=Mark.GOOD if each.taken else Mark.NONE)


def _settings(found: Discovered) -> Iterator[Row]:
    yield Row(label="Server", text=found.server)
    yield Row(label="Port", text=f"{found.port} ({'TLS' if found.security == 'tls' else 'STARTTLS'})")
    yield Row(label="User", text=found.username or "no login is wanted")
    yield Row(label="Password", text=found.password_hint)
    yield Row(label="Source", text=f"{found.source.value}: {found.place}")
    if found.doubt:
        yield Row(label="Doubt", text=found.doubt, mark=Mark.WARNING)
    for quirk in found.quirks:
        yield Row(label="Note", text=quirk)


def _oauth(found: Discovered) -> Iterator[Row]:
    if found.mechanisms:
        yield Row(label="Mechanisms", text=" ".join(found.mechanisms))
    server = found.authorization
    if server is None:
        return
    for label, text in (
        ("Issuer", server.issuer),
        ("Sign in at", server.authorization_url),
        ("Tokens from", server.token_url),
        ("Scope", server.scope),
    ):
        if text:
            yield Row(label=label, text=text)
    for number, step in enumerate(server.console, 1):
        yield Row(label=f"Step {number}", text=step)
    for quirk in server.quirks:
        yield Row(label="Note", text=quirk)
    for link in server.links:
        yield Row(label="See", text=link)


def discovered_report(search: Discovery) -> dict[str, Any]:
    """Describe a search for programs."""
    considered = [{**asdict(each), "source": each.source.value} for each in search.considered]
    found = search.found
    if found is None:
        return {"address": search.address, "found": False, "considered": considered}
    return {
        "address": search.address,
        "found": True,
        "server": found.server,
        "port": found.port,
        "security": found.security,
        "username": found.username,
        "mechanisms": list(found.mechanisms),
        "source": found.source.value,
        "place": found.place,
        "provider": found.provider,
        "verified": found.verified,
        "doubt": found.doubt,
        "password_hint": found.password_hint,
        "authorization": None if found.authorization is None else asdict(found.authorization),
        "quirks": list(found.quirks),
        "considered": considered,
    }
