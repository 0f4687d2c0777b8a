"""``envoi outbox submit``: a mail is written down; what sends it is `envoi outbox work`.

The mail is described as for ``envoi send``. Its account is not looked at here: it may be one that only the
worker's machine knows.
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING

from envoi.cli.composing import add_message_options, read_mail
from envoi.cli.delivery import add_delivery_options, read_options
from envoi.cli.exits import Exit
from envoi.cli.outbox.action import Action, tell
from envoi.cli.outbox.instants import ahead, shown
from envoi.cli.outbox.place import open_outbox
from envoi.cli.page import Mark, Page, Row, Section
from envoi.drivers.account_file import AccountFile
from envoi.outbox.model import State

if TYPE_CHECKING:
    from envoi.cli.terminal import Terminal

__all__ = ["ACTIONS"]


def _declare(parser: ArgumentParser) -> None:
    add_message_options(parser)
    add_delivery_options(parser)
    group = parser.add_argument_group("outbox")
    group.add_argument(
        "--account",
        metavar="NAME",
        help="the account that sends it; by default the variable ENVOI_ACCOUNT, or the only account there is",
    )
    group.add_argument("--key", default="", help="submitting again under the same key changes nothing")
    group.add_argument("--send-at", metavar="WHEN", type=ahead, help="not before: 2h, or 2026-03-01T08:00")
    group.add_argument("--expires", metavar="WHEN", type=ahead, help="give up then; after 5 days by default")
    group.add_argument(
        "--priority", metavar="0-9", type=_priority, default=5, help="0 is the most urgent; 5 by default"
    )


def _priority(text: str) -> int:
    if text not in "0123456789" or len(text) != 1:
        raise ArgumentTypeError(f"{text!r} is not a digit")
    return int(text)


def _submit(given: Namespace, terminal: Terminal) -> Exit:
    account = given.account or terminal.environ.get("ENVOI_ACCOUNT") or ""
    accounts = AccountFile().accounts()
    if not account and len(accounts) == 1:
        (account,) = accounts
    if account in accounts and not given.eml:
        given.sender = given.sender or accounts[account].sender or None
    mail = read_mail(given, terminal)
    with open_outbox(given, terminal) as outbox:
        ticket = outbox.submit(
            mail,
            account=account,
            key=given.key,
            send_at=given.send_at,
            expires_at=given.expires,
            priority=given.priority,
            options=read_options(given),
        )
        status = outbox.status(ticket)
    title = "It had been submitted already" if ticket.duplicate else "Written down; it will not be lost"
    rows = [
        Row(label="Ticket", text=ticket.id),
        Row(label="Message-ID", text=ticket.message_id),
        Row(label="Account", text=status.account),
    ]
    if given.send_at is not None:
        rows.append(Row(label="Leaves", text=f"not before {shown(status.due_at)}"))
    refused = () if ticket.duplicate else [one for one in status.recipients if one.state is State.FAILED]
    rows += [Row(mark=Mark.BAD, label=one.address, text=one.text) for one in refused]
    report = {
        "id": ticket.id,
        "message_id": ticket.message_id,
        "duplicate": ticket.duplicate,
        "refused": {one.address: one.text for one in refused},
    }
    tell(Page(title=title, mark=Mark.GOOD, sections=(Section(rows=tuple(rows)),)), report, given, terminal)
    return Exit.IN_PART if refused else Exit.OK


_SUBMIT_EXAMPLES = """\
# accept a mail; once this returns, it is on disk and will not be lost
envoi outbox submit --account work --to you@example.org --subject Hello --text 'It works.'

# from a script that may run twice: the second time changes nothing
envoi outbox submit --to you@example.org --subject Invoice --text-file invoice.txt --key invoice-42

# not before tomorrow morning, and not after it either; the ticket for a program
envoi outbox submit --eml letter.eml --send-at 2026-03-01T08:00 --expires 2026-03-01T12:00 --json
"""
ACTIONS = {
    "submit": Action(
        summary="write a mail down, to be sent by `work`",
        examples=_SUBMIT_EXAMPLES,
        codes={
            Exit.OK: "it is on disk, or was already under this key",
            Exit.IN_PART: "it is on disk, but not for those who are on the suppression list",
            Exit.DATA: "an address or the message is wrong, or the key belongs to other content",
            Exit.NO_INPUT: "a file cannot be read",
            Exit.UNAVAILABLE: "everybody it is for is on the suppression list",
        },
        declare=_declare,
        run=_submit,
    )
}
