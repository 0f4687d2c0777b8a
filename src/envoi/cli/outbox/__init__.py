"""``envoi outbox``: mail that is written down first and sent later: submit, work, look, steer, keep in order.

One module for each kind of action: `submitting`, `working`, `listing`, `steering`, `figures`, `upkeep`. Each
has `ACTIONS`: name → (summary, how to declare its options, what to run). Which outbox it is, is found by
`place`; how a mail looks is in `showing`.
"""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from functools import partial
from typing import TYPE_CHECKING

from envoi.cli.outbox import figures, listing, steering, submitting, upkeep, working
from envoi.cli.outbox.place import add_place_options

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from envoi.cli.exits import Exit
    from envoi.cli.outbox.action import Action
    from envoi.cli.terminal import Terminal

__all__ = ["EXAMPLES", "SUMMARY", "USAGE", "add_options", "run"]

SUMMARY = "write mail down and send it later: submit, work, list, show, cancel, retry, stats and more"
USAGE = "ACTION [options]"
EXAMPLES = """\
examples:
  # accept a mail; once this returns, it is on disk and will not be lost
  envoi outbox submit --account work --to you@example.org --subject Hello --text 'It works.'

  # send what is there, until Ctrl-C or SIGTERM (a systemd unit is in examples/systemd)
  envoi outbox work

  # what waits, what failed, and everything about one mail
  envoi outbox list
  envoi outbox list --state failed --since 2d
  envoi outbox show 019abc…

  # the backlog and the rates, drawn live
  envoi outbox stats --watch

  # an outbox that several machines share
  envoi outbox migrate --outbox postgresql://mail@db.example.com/mail
"""

_ACTIONS: dict[str, Action] = {
    **submitting.ACTIONS,
    **listing.ACTIONS,
    **steering.ACTIONS,
    **working.ACTIONS,
    **figures.ACTIONS,
    **upkeep.ACTIONS,
}


def add_options(parser: ArgumentParser) -> None:
    """Declare the actions and their options."""
    actions = parser.add_subparsers(
        dest="action", metavar="ACTION", required=True, title="actions", prog="envoi outbox"
    )
    for name, action in _ACTIONS.items():
        options = actions.add_parser(
            name,
            help=action.summary,
            description=f"{action.summary[0].upper()}{action.summary[1:]}.",
            epilog=action.epilog,
            formatter_class=partial(RawDescriptionHelpFormatter, max_help_position=30),
            allow_abbrev=False,
        )
        action.declare(options)
        add_place_options(options)


def run(given: Namespace, terminal: Terminal) -> Exit:
    """Do what was asked.

    Raises:
        EnvoiError: it could not be done; the class says whether later it may be.
        OSError: a file cannot be used.
    """
    return _ACTIONS[given.action].run(given, terminal)
