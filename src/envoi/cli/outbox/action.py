"""What an action of ``envoi outbox`` consists of, and how its result is told.

The actions themselves are in the modules beside this one; what they look like, in `showing`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from envoi.cli.exits import Exit
    from envoi.cli.page import Page
    from envoi.cli.terminal import Terminal

__all__ = ["Action", "tell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action.

    Attributes:
        summary: a line for ``--help``.
        declare: adds its options.
        run: does it.
    """

    summary: str
    declare: Callable[[ArgumentParser], None]
    run: Callable[[Namespace, Terminal], Exit]


def tell(page: Page, report: dict[str, Any], given: Namespace, terminal: Terminal) -> None:
    """Show the result to people, or to a program that asked for JSON."""
    if given.json:
        terminal.print(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    else:
        terminal.show(page)
