"""``envoi bounce``: a report that came back is fed in: its mail is found, and what it says is recorded.

For the mailbox that bounces go to, message by message: from ``.forward``, a Sieve script, or a loop over a
folder. What reports say is read by `envoi.message.reports`, what follows is decided by
`envoi.outbox.bouncing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi.cli.exits import Exit
from envoi.cli.outbox.action import tell
from envoi.cli.outbox.place import add_place_options, open_outbox
from envoi.cli.page import Mark, Page, Row, Section
from envoi.drivers.system import now
from envoi.errors import ConfigError, OutboxError
from envoi.message.reports import ReportKind, origin_of, read_report
from envoi.outbox.bouncing import consequences, named

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from envoi.cli.terminal import Terminal
    from envoi.client.outbox import Outbox
    from envoi.message.reports import Report
    from envoi.outbox.bouncing import Consequences
    from envoi.outbox.model import MessageStatus

__all__ = ["EXAMPLES", "SUMMARY", "USAGE", "add_options", "run"]

SECRET = "ENVOI_BOUNCE_SECRET"  # noqa: S105 - the name of a variable
#: Recipients of a report that a mail is looked for with.
_MOST = 100
_NAMELESS = (
    "Send one mail to each recipient, and complaints are theirs; until then, look for the person in the "
    "report."
)
SUMMARY = "read a bounce or a complaint, find the mail it is about, and remember what it says"
USAGE = "[FILE] [options] < message"
EXAMPLES = """\
examples:
  # a report from a file, or on standard input, as ~/.forward and Sieve give it
  envoi bounce report.eml
  cat report.eml | envoi bounce --json

  # what would be recorded?
  envoi bounce report.eml --dry-run

  # mails were sent with sender=verp_sender("bounces@example.com", key, secret=…); the secret in
  # ENVOI_BOUNCE_SECRET
  envoi bounce report.eml --base bounces@example.com
"""


def add_options(parser: ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument(
        "file", metavar="FILE", nargs="?", default="-", help="the report; - for standard input"
    )
    parser.add_argument(
        "--base",
        metavar="ADDRESS",
        help=f"the mailbox of bounces; with the secret in {SECRET}, tokens in addresses find the mail (VERP)",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be recorded")
    add_place_options(parser)


def run(given: Namespace, terminal: Terminal) -> Exit:
    """Feed one report in.

    Raises:
        UsageError: the message cannot be read at all.
        ConfigError: --base without the secret.
        OSError: the file cannot be read.
    """
    report = read_report(_octets(given, terminal))
    if report is None:
        return _nothing("This is no report", {"report": None}, given, terminal)
    facts: dict[str, Any] = {
        "report": report.kind.value,
        "format": report.format,
        "message_id": report.message_id,
    }
    if report.kind in {ReportKind.DISPOSITION, ReportKind.AUTO_REPLY}:
        return _nothing("The mail arrived; there is nothing to record", facts, given, terminal)
    with open_outbox(given, terminal) as outbox:
        mail = _mail_of(report, outbox, given, terminal)
        if mail is None:
            return _nothing("It is about no mail of this outbox", facts, given, terminal, exit_=Exit.IN_PART)
        what = consequences(report, mail, now())
        if not given.dry_run:
            _record(what, mail, outbox)
    title = f"{mail.id} {what.kind}" if what.results else f"{mail.id}: nothing to record"
    title += " (dry run: nothing was recorded)" if given.dry_run else ""
    mark = Mark.GOOD if what.results else Mark.WARNING if what.nameless else Mark.NOTE
    page = Page(title=title, mark=mark, sections=(Section(rows=tuple(_rows(what))),))
    more = {
        "id": mail.id,
        "kind": what.kind if what.results else None,
        "recipients": [result.address for result in what.results],
        "suppressed": [each.address for each in what.suppressions],
        "ignored": list(what.ignored),
    }
    tell(page, {**facts, **more}, given, terminal)
    return Exit.IN_PART if what.nameless else Exit.OK


def _octets(given: Namespace, terminal: Terminal) -> bytes:
    if given.file == "-":
        return terminal.read_input()
    with open(given.file, "rb") as file:  # noqa: PTH123 - as it was typed
        return file.read()


def _mail_of(report: Report, outbox: Outbox, given: Namespace, terminal: Terminal) -> MessageStatus | None:
    """By a signed token, which is a ticket or a key; else by the Message-ID that the report quotes.

    Several mails may share that: then by whom the report names.
    """
    secret = terminal.environ.get(SECRET, "")
    if given.base and not secret:
        raise ConfigError(f"--base needs the secret that addresses are signed with, in {SECRET}")
    token = origin_of(report, given.base, secret=secret.encode()).token if secret else None
    if token is not None:
        try:
            return outbox.status(token)
        except OutboxError:
            found = next(outbox.find(key=token), None)
            if found is not None:
                return found
    if not report.message_id:
        return None
    for address in named(report)[:_MOST]:
        found = next(outbox.find(message_id=report.message_id, recipient=address), None)
        if found is not None:
            return found
    return next(outbox.find(message_id=report.message_id), None)


def _record(what: Consequences, mail: MessageStatus, outbox: Outbox) -> None:
    if what.results:
        outbox.note(mail.id, what.results, kind=what.kind)
    for each in what.suppressions:
        outbox.suppress(each.address, reason=each.reason)


def _rows(what: Consequences) -> Iterator[Row]:
    suppressed = {each.address: each.reason for each in what.suppressions}
    for result in what.results:
        hint = f"Suppressed: {suppressed[result.address]}" if result.address in suppressed else ""
        yield Row(mark=Mark.BAD, label=result.address, text=str(result.reply or result.text), hint=hint)
    for address in what.ignored:
        yield Row(mark=Mark.NOTE, label=address, text="not a recipient of this mail; ignored")
    if what.nameless:
        yield Row(text="somebody complained, and the mail has several recipients", hint=_NAMELESS)
    elif not what.results and not what.ignored:
        yield Row(text="nothing failed for good")


def _nothing(
    title: str, report: dict[str, Any], given: Namespace, terminal: Terminal, *, exit_: Exit = Exit.OK
) -> Exit:
    tell(Page(title=title, mark=Mark.NOTE), report, given, terminal)
    return exit_
