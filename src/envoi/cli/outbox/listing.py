"""``envoi outbox list``, ``show`` and ``export``: looking at mail without touching it.

The filters are also `steering`'s, which changes what they choose.
"""

from __future__ import annotations

import json
import shutil
from argparse import ArgumentTypeError
from base64 import b64encode
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from envoi.cli.exits import Exit
from envoi.cli.outbox.action import Action, tell
from envoi.cli.outbox.instants import back
from envoi.cli.outbox.place import open_outbox
from envoi.cli.outbox.showing import counted, list_row, status_page, status_report
from envoi.cli.page import Mark, Page, Row, Section
from envoi.errors import OutboxError, SchemaMismatch, StoreUnavailable, UsageError
from envoi.outbox.model import Stage, State

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from envoi.cli.terminal import Terminal
    from envoi.client.outbox import Outbox
    from envoi.outbox.model import Content

__all__ = ["ACTIONS", "add_filters", "found"]

PIECE = 64 * 1024
_GONE = "no content: it was delivered or cancelled, after which that is deleted, or is no mail of this outbox"


def add_filters(parser: ArgumentParser) -> None:
    """Declare what chooses mails."""
    parser.add_argument("--account", metavar="NAME", help="of this account")
    parser.add_argument("--stage", choices=[stage.value for stage in Stage], help="that stand there")
    parser.add_argument(
        "--state", choices=[state.value for state in State], help="with a recipient in this state"
    )
    parser.add_argument("--to", metavar="ADDRESS", help="with this recipient")
    parser.add_argument("--message-id", metavar="ID", help="with this Message-ID")
    parser.add_argument("--key", help="submitted under this key")
    parser.add_argument("--since", metavar="WHEN", type=back, help="submitted since: 2h, 5d, 2026-03-01")
    parser.add_argument("--before", metavar="WHEN", type=back, help="submitted before")


def found(given: Namespace) -> dict[str, object]:
    """Return the arguments of `Outbox.find` that the options make."""
    return {
        "account": given.account,
        "stage": Stage(given.stage) if given.stage else None,
        "state": State(given.state) if given.state else None,
        "recipient": given.to,
        "message_id": given.message_id,
        "key": given.key,
        "since": given.since,
        "before": given.before,
    }


def _declare_list(parser: ArgumentParser) -> None:
    add_filters(parser)
    parser.add_argument(
        "--limit", metavar="N", type=_limit, default=50, help="at most so many; 50 by default"
    )


def _limit(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f"{text!r} is not a number, 1 or more")
    return int(text)


def _list(given: Namespace, terminal: Terminal) -> Exit:
    with open_outbox(given, terminal) as outbox:
        mails = list(islice(outbox.find(**found(given)), given.limit))  # type: ignore[arg-type]
    more = len(mails) == given.limit
    rows = tuple(list_row(status) for status in mails)
    title = f"The newest {len(mails)}; more with --limit" if more else counted(len(mails))
    page = Page(title=title, sections=(Section(rows=rows),) if rows else ())
    tell(page, {"messages": [status_report(status) for status in mails], "more": more}, given, terminal)
    return Exit.OK


def _declare_show(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="the ticket")


def _show(given: Namespace, terminal: Terminal) -> Exit:
    with open_outbox(given, terminal) as outbox:
        status = outbox.status(given.id)
    tell(status_page(status), status_report(status), given, terminal)
    return Exit.OK


def _declare_export(parser: ArgumentParser) -> None:
    parser.add_argument(
        "ids", metavar="ID", nargs="*", help="tickets; without any, all that the options choose"
    )
    parser.add_argument(
        "--folder", metavar="FOLDER", type=Path, help="where the .eml files go; by default the output"
    )
    add_filters(parser)


def _export(given: Namespace, terminal: Terminal) -> Exit:
    if given.folder is None and len(given.ids) != 1:
        raise UsageError("name one ticket to print, or a --folder for several")
    with open_outbox(given, terminal) as outbox:
        if given.folder is None:
            _print(given.ids[0], outbox.read(given.ids[0]), given, terminal)
            return Exit.OK
        written, gone = _written(outbox, given)
    rows = [Row(text=name) for name in written]
    if given.ids:
        rows += [Row(mark=Mark.BAD, label=each, text=_GONE) for each in gone]
    title = f"{counted(len(written))} written" + (
        f"; the content of {counted(len(gone))} is gone" if gone else ""
    )
    page = Page(title=title, sections=(Section(rows=tuple(rows)),) if rows else ())
    tell(page, {"files": written, "without_content": gone}, given, terminal)
    return Exit.NO_INPUT if given.ids and gone else Exit.OK


def _written(outbox: Outbox, given: Namespace) -> tuple[list[str], list[str]]:
    """Write what there is; return the files, and the tickets of mails without content."""
    written: list[str] = []
    gone: list[str] = []
    given.folder.mkdir(parents=True, exist_ok=True)
    for id_ in given.ids or [status.id for status in outbox.find(**found(given))]:  # type: ignore[arg-type]
        try:
            content = outbox.read(id_)
        except (StoreUnavailable, SchemaMismatch):
            raise
        except OutboxError:
            gone.append(id_)
            continue
        target = given.folder / f"{outbox.status(id_).id}.eml"
        _write(content, target)
        written.append(str(target))
    return written, gone


def _print(id_: str, content: Content, given: Namespace, terminal: Terminal) -> None:
    if given.json:
        octets = content.octets if content.path is None else content.path.read_bytes()
        report = {"id": id_, "encoding": "base64", "content": b64encode(octets or b"").decode()}
        terminal.print(json.dumps(report, indent=2) + "\n")
    elif content.path is None:
        terminal.print_bytes(content.octets or b"")
    else:
        with content.path.open("rb") as file:
            while piece := file.read(PIECE):
                terminal.print_bytes(piece)
    _tidy(content)


def _write(content: Content, target: Path) -> None:
    if content.path is None:
        target.write_bytes(content.octets or b"")
        return
    shutil.copyfile(content.path, target)
    _tidy(content)


def _tidy(content: Content) -> None:
    if content.temporary and content.path is not None:
        content.path.unlink(missing_ok=True)


_LIST_EXAMPLES = """\
# what is there, the newest first
envoi outbox list

# what failed within two days, for a program
envoi outbox list --state failed --since 2d --json

# all that was written to somebody
envoi outbox list --to you@example.org --limit 1000
"""
_SHOW_EXAMPLES = """\
# each recipient: state, attempts, the server's last words, what to do about them, the next attempt
envoi outbox show 019abc…
"""
_EXPORT_EXAMPLES = """\
# one mail as it is sent, to look at or to pipe
envoi outbox export 019abc… | less

# all that wait, a file each
envoi outbox export --stage waiting --folder backup
"""
ACTIONS = {
    "list": Action(
        summary="list mails, the newest first", examples=_LIST_EXAMPLES, declare=_declare_list, run=_list
    ),
    "show": Action(
        summary="show all that is known of one mail",
        examples=_SHOW_EXAMPLES,
        codes={Exit.NO_INPUT: "there is no mail of that ticket"},
        declare=_declare_show,
        run=_show,
    ),
    "export": Action(
        summary="write mails as .eml files, or one to the output",
        examples=_EXPORT_EXAMPLES,
        codes={Exit.NO_INPUT: "a ticket is that of no mail, or of one done with: its content is gone"},
        declare=_declare_export,
        run=_export,
    ),
}
