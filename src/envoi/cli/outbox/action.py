"""What an action of ``envoi outbox`` consists of, and how its result is told.

The actions themselves are in the modules beside this one; what they look like, in `showing`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from textwrap import indent
from typing import TYPE_CHECKING, Any

from envoi.cli.exits import Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Mapping

    from envoi.cli.page import Page
    from envoi.cli.terminal import Terminal

__all__ = ["Action", "tell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action.

    Attributes:
        summary: a line for ``--help``.
        examples: commands to copy, each with a comment above.
        codes: what exit codes mean here, as far as that is special.
        declare: adds its options.
        run: does it.
    """

    summary: str
    examples: str
    declare: Callable[[ArgumentParser], None]
    run: Callable[[Namespace, Terminal], Exit]
    codes: Mapping[Exit, str] = field(default_factory=dict[Exit, str])

    @property
    def epilog(self) -> str:
        """What ``--help`` ends with: the examples and the exit codes."""
        meanings = {**_CODES, **self.codes}
        codes = "".join(f"  {code:3}  {meanings[code]}\n" for code in sorted(meanings))
        return (
            f"examples:\n{indent(self.examples, '  ')}\nexit codes:\n{codes}\n"
            "environment variables: envoi outbox --help\n"
        )


_CODES = {
    Exit.OK: "it is done",
    Exit.USAGE: Exit.USAGE.meaning,
    Exit.TRY_AGAIN: "the outbox cannot be used now; the text says why, and what to do",
    Exit.CONFIGURATION: "settings are wrong, or the outbox is that of another version of envoi",
}


def tell(page: Page, report: dict[str, Any], given: Namespace, terminal: Terminal) -> None:
    """Show the result to people, or to a program that asked for JSON."""
    if given.json:
        terminal.print(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    else:
        terminal.show(page)
