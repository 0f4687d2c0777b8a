"""``envoi outbox cancel``, ``retry``, ``hold``, ``release`` and ``purge``: changing what becomes of mail.

All but `purge` take tickets, or choose mails with the filters of ``list``; choosing everything takes
``--all``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.cli.exits import Exit
from envoi.cli.outbox.action import Action, tell
from envoi.cli.outbox.instants import ahead, back
from envoi.cli.outbox.listing import add_filters, found
from envoi.cli.outbox.place import open_outbox
from envoi.cli.outbox.showing import counted
from envoi.cli.page import Mark, Page, Row, Section
from envoi.errors import OutboxError, SchemaMismatch, StoreUnavailable, UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Sequence

    from envoi.cli.terminal import Terminal
    from envoi.client.outbox import Outbox

__all__ = ["ACTIONS"]


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("ids", metavar="ID", nargs="*", help="tickets")
    add_filters(parser)
    parser.add_argument("--all", action="store_true", help="whatever the filters choose, even everything")


def _declare_retry(parser: ArgumentParser) -> None:
    _declare(parser)
    parser.add_argument("--expires", metavar="WHEN", type=ahead, help="give up then; after 5 days by default")


def _declare_purge(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--older-than", metavar="AGE", type=back, help="done before: 30d, 2026-03-01; 7 days by default"
    )


def _steering(
    verb: str, change: Callable[[Outbox, Sequence[str], Namespace], frozenset[str]]
) -> Callable[[Namespace, Terminal], Exit]:
    def run(given: Namespace, terminal: Terminal) -> Exit:
        filters = found(given)
        if not given.ids and not given.all and not any(filters.values()):
            raise UsageError("which mails? Name tickets, choose with the filters, or say --all")
        if given.ids and any(filters.values()):
            raise UsageError("tickets and filters exclude each other")
        with open_outbox(given, terminal) as outbox:
            ids = given.ids or [status.id for status in outbox.find(**filters)]  # type: ignore[arg-type]
            changed = change(outbox, ids, given)
            left = [each for each in ids if each not in changed]
            unknown = [each for each in left if given.ids and not _is_there(each, outbox)]
        rows = [Row(mark=Mark.GOOD, label=each, text=verb) for each in ids if each in changed]
        rows += [
            Row(mark=Mark.BAD, label=each, text="there is none: it was purged, or is in another outbox")
            if each in unknown
            else Row(mark=Mark.NOTE, label=each, text="unchanged: not in a state for that")
            for each in left
        ]
        page = Page(
            title=f"{len(changed)} of {counted(len(ids))} {verb}",
            mark=Mark.GOOD if changed or not ids else Mark.WARNING,
            sections=(Section(rows=tuple(rows)),) if rows else (),
        )
        report = {"changed": sorted(changed), "unchanged": left, "unknown": unknown}
        tell(page, report, given, terminal)
        return Exit.NO_INPUT if unknown else Exit.IN_PART if left else Exit.OK

    return run


def _is_there(ticket: str, outbox: Outbox) -> bool:
    try:
        outbox.status(ticket)
    except (StoreUnavailable, SchemaMismatch):
        raise
    except OutboxError:
        return False
    return True


def _purge(given: Namespace, terminal: Terminal) -> Exit:
    with open_outbox(given, terminal) as outbox:
        count = outbox.purge(before=given.older_than)
    tell(Page(title=f"{counted(count)} forgotten", mark=Mark.GOOD), {"purged": count}, given, terminal)
    return Exit.OK


_CANCEL_EXAMPLES = """\
# one mail; if a worker has it, unless its last octets are on their way
envoi outbox cancel 019abc…

# all that wait for somebody
envoi outbox cancel --to you@example.org
"""
_RETRY_EXAMPLES = """\
# one mail, at once, and for two days more
envoi outbox retry 019abc… --expires 2d

# all that failed since this morning, after the cause was mended
envoi outbox retry --state failed --since 2026-03-01T08:00
"""
_HOLD_EXAMPLES = """\
# stop what an account would send, to look at it first
envoi outbox hold --account newsletter

# and let it go on
envoi outbox release --account newsletter
"""
_RELEASE_EXAMPLES = """\
# mails of which nobody knows whether they arrived: look at them, then send them again
envoi outbox list --state unknown
envoi outbox release --state unknown
"""
_PURGE_EXAMPLES = """\
# what is done for a week, every night
envoi outbox purge

# keep a month
envoi outbox purge --older-than 30d
"""
_CODES = {
    Exit.IN_PART: "some were left as they were: not in a state for that",
    Exit.NO_INPUT: "a ticket is that of no mail in this outbox",
}
ACTIONS = {
    "cancel": Action(
        summary="cancel what was not sent yet",
        examples=_CANCEL_EXAMPLES,
        codes=_CODES,
        declare=_declare,
        run=_steering("cancelled", lambda outbox, ids, _: outbox.cancel(*ids)),
    ),
    "retry": Action(
        summary="try failed, unknown and deferred recipients again now",
        examples=_RETRY_EXAMPLES,
        codes=_CODES,
        declare=_declare_retry,
        run=_steering(
            "to be tried again", lambda outbox, ids, given: outbox.retry(*ids, expires_at=given.expires)
        ),
    ),
    "hold": Action(
        summary="let no worker have waiting mails",
        examples=_HOLD_EXAMPLES,
        codes=_CODES,
        declare=_declare,
        run=_steering("held", lambda outbox, ids, _: outbox.hold(*ids)),
    ),
    "release": Action(
        summary="let held mails go on, also those that may have arrived",
        examples=_RELEASE_EXAMPLES,
        codes=_CODES,
        declare=_declare,
        run=_steering("released", lambda outbox, ids, _: outbox.release(*ids)),
    ),
    "purge": Action(
        summary="forget mails that are done", examples=_PURGE_EXAMPLES, declare=_declare_purge, run=_purge
    ),
}
