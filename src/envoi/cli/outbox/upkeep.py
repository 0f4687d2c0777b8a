"""``envoi outbox migrate`` and ``check``: the store itself, its schema and its health.

What is examined, and which steps there are, is the engine's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.cli.exits import Exit
from envoi.cli.outbox.action import Action, tell
from envoi.cli.outbox.place import open_outbox
from envoi.cli.page import Mark, Page, Row, Section

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from envoi.cli.terminal import Terminal

__all__ = ["ACTIONS"]


def _declare_migrate(parser: ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="say what would be done")


def _migrate(given: Namespace, terminal: Terminal) -> Exit:
    with open_outbox(given, terminal) as outbox:
        steps = outbox.migrate(dry_run=given.dry_run)
    verb = "would be done" if given.dry_run else "done"
    title = (
        f"{len(steps)} {'step' if len(steps) == 1 else 'steps'} {verb}"
        if steps
        else "The store is of this version already"
    )
    rows = tuple(Row(text=step) for step in steps)
    page = Page(title=title, mark=Mark.GOOD, sections=(Section(rows=rows),) if rows else ())
    tell(page, {"steps": list(steps), "dry_run": given.dry_run}, given, terminal)
    return Exit.OK


def _declare_check(_: ArgumentParser) -> None:
    """It has no options of its own."""


def _check(given: Namespace, terminal: Terminal) -> Exit:
    with open_outbox(given, terminal) as outbox:
        wrong = outbox.check()
    rows = tuple(Row(text=each, mark=Mark.WARNING) for each in wrong)
    page = Page(
        title="Something is wrong with the store" if wrong else "The store is sound",
        mark=Mark.WARNING if wrong else Mark.GOOD,
        sections=(Section(rows=rows),) if rows else (),
    )
    tell(page, {"sound": not wrong, "problems": list(wrong)}, given, terminal)
    return Exit.IN_PART if wrong else Exit.OK


_MIGRATE_EXAMPLES = """\
# after an upgrade, with the workers stopped; first only what would be done
envoi outbox migrate --dry-run
envoi outbox migrate

# an outbox that several machines share: before anybody uses it
envoi outbox migrate --outbox postgresql://mail@db.example.com/mail
"""
_CHECK_EXAMPLES = """\
# every night, with a mail to whoever looks after it
envoi outbox check || envoi send --to admin@example.com --subject Outbox --text 'See: envoi outbox check'
"""
ACTIONS = {
    "migrate": Action(
        summary="bring the store's schema up to this version of envoi",
        examples=_MIGRATE_EXAMPLES,
        declare=_declare_migrate,
        run=_migrate,
    ),
    "check": Action(
        summary="examine the store",
        examples=_CHECK_EXAMPLES,
        codes={
            Exit.OK: "all is well",
            Exit.IN_PART: "something is wrong; the text says what, and what to do",
        },
        declare=_declare_check,
        run=_check,
    ),
}
