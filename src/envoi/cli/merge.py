"""``envoi merge``: a template and rows, a mail for each.

Nothing is sent unless ``--send`` says so; without it all mails are made and the first is shown. The template
comes from `merging.drafting`, the work is in `merging.mailing`, the server is that of ``envoi send``.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from envoi.cli.chosen_account import find_account
from envoi.cli.exits import Exit
from envoi.cli.files import checked
from envoi.cli.merging.counter import Counter
from envoi.cli.merging.drafting import add_template_options, read_template
from envoi.cli.merging.journal import Journal
from envoi.cli.merging.mailing import Mailing, look_through, unmade, write_files
from envoi.cli.merging.pace import Pace, seconds_allowed, seconds_between
from envoi.cli.merging.preview import preview_page, preview_report, to_look_at
from envoi.cli.merging.tallies import tally_page, tally_report
from envoi.cli.merging.tally import Report, Tally
from envoi.cli.passwords import add_secret_options
from envoi.cli.server import add_server_argument, add_server_options, find_server, session_arguments
from envoi.client.session import SMTPSession
from envoi.drivers.blocking import BlockingRuntime
from envoi.errors import UsageError
from envoi.message.templates.merging import Merged, merged

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from envoi.cli.terminal import Terminal
    from envoi.message.templates.merging import RowFailure
    from envoi.message.templates.template import Template

__all__ = ["EXAMPLES", "SUMMARY", "USAGE", "add_options", "run"]

SUMMARY = "make a mail of a template for every row of a file: look at them, write them to files, send them"
USAGE = "TEMPLATE ROWS --from ADDRESS [options]"
EXAMPLES = """\
examples:
  # letters/welcome.subject.txt, welcome.txt and welcome.html with {{ name }} in them; people.csv with
  # the columns email and name. Nothing is sent: what is wrong is listed, the first mail is shown
  envoi merge letters/welcome people.csv --from 'Zoë <zoe@example.com>'

  # the third mail, and its HTML for the browser
  envoi merge letters/welcome people.csv --from zoe@example.com --preview 3 --html third.html

  # every mail as a file
  envoi merge letters/welcome people.csv --from zoe@example.com --output outgoing

  # send them, 100 a minute; after an interruption the same command goes on where it stopped
  envoi merge letters/welcome people.csv --from zoe@example.com --rate 100/m \\
      --send --server smtps://zoe@smtp.example.com --resume welcome.journal --report failures.csv

  # through an account: signed with its DKIM key, and no faster than its limits allow
  envoi merge letters/welcome people.csv --from zoe@example.com --send --account work
"""


def add_options(parser: ArgumentParser) -> None:
    """Declare the options of the command."""
    add_template_options(parser)
    add_server_argument(parser)
    _add_action_options(parser)
    _add_sending_options(parser)
    add_server_options(parser)
    add_secret_options(parser)
    output = parser.add_argument_group("output")
    output.add_argument("--report", metavar="FILE", help="list the rows that failed in FILE (.csv or .jsonl)")
    output.add_argument(
        "--verbose", "-v", action="store_true", help="show the conversation; secrets are left out"
    )
    output.add_argument("--quiet", "-q", action="store_true", help="show errors only")
    output.add_argument("--json", action="store_true", help="print the result as one JSON object")


def _add_action_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group(
        "what to do", "One of these; without any, all mails are made and counted."
    )
    one = group.add_mutually_exclusive_group()
    one.add_argument(
        "--preview", metavar="N", type=int, nargs="?", const=1, help="show the mail of the N-th row"
    )
    one.add_argument("--output", metavar="DIR", help="write every mail to a file in DIR (.eml)")
    one.add_argument("--send", action="store_true", help="send them")
    group.add_argument("--html", metavar="FILE", help="with --preview: write the HTML for a browser to FILE")
    group.add_argument("--limit", metavar="N", type=int, help="take the first N rows only")


def _add_sending_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("sending")
    group.add_argument(
        "--rate",
        metavar="N/UNIT",
        type=seconds_between,
        help="at most so many: 5/s, 100/m, 2000/h; by default what the limits of the account allow",
    )
    group.add_argument(
        "--window",
        metavar="N",
        type=int,
        help="how many mails may be under way unanswered (1): more are faster over a distance, and so many "
        "may be in doubt when the connection is lost; not with --rate or --resume",
    )
    group.add_argument(
        "--on-failure",
        choices=["skip", "stop"],
        default="skip",
        help="when a row cannot become a mail: send the others (skip), or nothing at all (stop)",
    )
    group.add_argument(
        "--resume", metavar="FILE", help="keep a journal in FILE, and send nobody twice who is in it already"
    )
    group.add_argument(
        "--resend-unknown",
        action="store_true",
        help="with --resume: send again what the server MAY have accepted, under the same Message-ID",
    )


def run(given: Namespace, terminal: Terminal) -> Exit:
    """Do what the options say.

    Raises:
        EnvoiError: the template, the rows or an option is wrong.
        OSError: a file cannot be read or written.
    """
    _check(given)
    template = read_template(given)
    checked(given.rows)
    if given.preview is not None:
        return _preview(template, given, terminal)
    with ExitStack() as stack:
        report = None if given.report is None else stack.enter_context(Report(Path(given.report)))
        if given.output is not None:
            return _write(template, report, given, terminal)
        if given.send:
            return _send(template, report, stack, given, terminal)
        return _look(template, report, given, terminal)


def _check(given: Namespace) -> None:
    for wrong, text in (
        (given.html is not None and given.preview is None, "--html goes with --preview"),
        (given.preview is not None and given.preview < 1, "--preview counts rows from 1"),
        (given.limit is not None and given.limit < 1, "--limit takes at least one row"),
        (given.resume is not None and not given.send, "--resume goes with --send"),
        (given.resend_unknown and given.resume is None, "--resend-unknown goes with --resume"),
        (given.window is not None and not given.send, "--window goes with --send"),
        (given.window is not None and given.window < 1, "--window takes at least one mail"),
        (
            given.window is not None and (given.resume, given.rate) != (None, None),
            "--window goes neither with --resume nor with --rate: they send one mail after the other",
        ),
    ):
        if wrong:
            raise UsageError(text)


def _rows(template: Template, given: Namespace) -> Iterator[Merged | RowFailure]:
    return islice(merged(template, given.rows, encoding=given.encoding), given.limit)


def _preview(template: Template, given: Namespace, terminal: Terminal) -> Exit:
    found = next(islice(_rows(template, given), given.preview - 1, None), None)
    if found is None:
        raise UsageError(f"there is no row {given.preview} in {given.rows}")
    if not isinstance(found, Merged):
        tally = Tally()
        tally.fail(unmade(found))
        _tell(tally, "made", given, terminal)
        return tally.exit
    if given.html is not None:
        html = to_look_at(found.email)
        if html is None:
            raise UsageError("the template has no HTML to write")
        Path(given.html).write_text(html, "utf-8")
    if given.json:
        terminal.print(_as_json(preview_report(found.email, found.row.number)))
    else:
        terminal.show(preview_page(found.email, found.row.number))
    return Exit.OK


def _look(template: Template, report: Report | None, given: Namespace, terminal: Terminal) -> Exit:
    tally = Tally(report)
    look_through(_rows(template, given), tally)
    first = next((found for found in _rows(template, given) if isinstance(found, Merged)), None)
    if first is not None and not (given.json or given.quiet):
        terminal.show(preview_page(first.email, first.row.number))
        terminal.print("\n")
    _tell(tally, "ready", given, terminal)
    if not given.quiet:
        terminal.complain("envoi: nothing was sent; --send does that, --output DIR writes files")
    return tally.exit


def _write(template: Template, report: Report | None, given: Namespace, terminal: Terminal) -> Exit:
    survey = Tally()
    look_through(_rows(template, given), survey)
    tally = Tally(report, total=survey.rows)
    with Counter(terminal, survey.rows, wanted=not given.quiet) as counter:
        write_files(_rows(template, given), tally, Path(given.output), total=survey.rows, step=counter)
    _tell(tally, "written", given, terminal)
    return tally.exit


def _send(
    template: Template, report: Report | None, stack: ExitStack, given: Namespace, terminal: Terminal
) -> Exit:
    # First what costs nothing to find wrong, then the rows, and nobody is asked for a password in vain.
    server = find_server(given, terminal)
    journal = None if given.resume is None else stack.enter_context(Journal(Path(given.resume)))
    stop = given.on_failure == "stop"
    survey = Tally(report if stop else None)
    look_through(_rows(template, given), survey, journal)
    if survey.failures and stop:
        _tell(survey, "ready", given, terminal)
        terminal.complain(
            "envoi: nothing was sent, since not every row can become a mail (--on-failure stop)"
        )
        return Exit.DATA
    tally = Tally(report, total=survey.rows)
    pace = _pace(survey.rows, given, terminal)
    session = SMTPSession(**session_arguments(given, server, terminal))
    stack.callback(session.close)
    with Counter(terminal, survey.rows, wanted=not given.quiet) as counter:
        Mailing(
            session=session,
            clock=BlockingRuntime().clock,
            pace=pace,
            tally=tally,
            journal=journal,
            resend_unknown=given.resend_unknown,
            window=given.window or 1,
            step=counter,
        ).send(_rows(template, given))
    _tell(tally, "sent", given, terminal)
    return tally.exit


def _pace(mails: int, given: Namespace, terminal: Terminal) -> Pace:
    account = find_account(given, terminal)
    if given.rate is not None or account is None:
        return Pace(given.rate or 0.0)
    seconds, limit = seconds_allowed(account.limits, mails)
    if limit and not given.quiet:
        terminal.complain(f"envoi: at most {limit}, the limit of {account.name}; --rate says otherwise")
    return Pace(seconds)


def _tell(tally: Tally, verb: str, given: Namespace, terminal: Terminal) -> None:
    if given.json:
        terminal.print(_as_json(tally_report(tally, verb)))
    elif tally.exit is not Exit.OK:
        terminal.show_error(tally_page(tally, verb))
    elif not given.quiet:
        terminal.show(tally_page(tally, verb))


def _as_json(report: dict[str, object]) -> str:
    return json.dumps(report, ensure_ascii=False, indent=2) + "\n"
