"""The directive `command-line`: every command of ``envoi`` with its options, read from its parser.

It writes Markdown of the parser's own data, so that the page says what the program does, in the words of
``envoi COMMAND --help`` and whatever the Python that builds it.
"""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, _SubParsersAction
from typing import TYPE_CHECKING, Any

from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from envoi.cli.program import _parser as new_parser

if TYPE_CHECKING:
    from argparse import Action
    from collections.abc import Iterator

    from docutils.nodes import Node


class CommandLine(SphinxDirective):
    """Put the commands here, each a section."""

    def run(self) -> list[Node]:
        """Return the sections."""
        text = StringList(
            [line for part in pages() for line in part.splitlines()], source="envoi --help"
        )
        return self.parse_content_to_nodes_of(text)

    def parse_content_to_nodes_of(self, text: StringList) -> list[Node]:
        """Parse Markdown that has sections in it."""
        self.content = text
        return self.parse_content_to_nodes(allow_section_headings=True)


def pages() -> Iterator[str]:
    """Give the Markdown of each command."""
    parser = new_parser()
    for name, command in _commands(parser):
        yield from _page(f"envoi {name}", command)
    yield f"## Exit codes and environment\n\n```text\n{_common(parser)}\n```\n"


def _page(title: str, parser: ArgumentParser, level: int = 2) -> Iterator[str]:
    yield f"{'#' * level} {title}\n\n{_plain(parser.description or '')}\n\n"
    inner = list(_commands(parser))
    if not inner:
        yield f"```text\n{_usage(title, parser)}\n```\n\n"
    for group in parser._action_groups:
        actions = [each for each in group._group_actions if _is_shown(each)]
        if actions:
            yield (
                f"**{(group.title or '').capitalize()}**\n\n"
                + "".join(map(_entry, actions))
                + "\n"
            )
    if examples := _examples(parser):
        yield f"```sh\n{examples}\n```\n\n"
    for name, command in inner:
        yield from _page(f"{title} {name}", command, level + 1)


def _usage(title: str, parser: ArgumentParser) -> str:
    if parser.usage is not None:
        return parser.usage
    words = [
        str(each.metavar or each.dest) for each in parser._actions if not each.option_strings
    ]
    return " ".join([title, *words, "[options]"])


def _commands(parser: ArgumentParser) -> Iterator[tuple[str, ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            yield from action.choices.items()


def _is_shown(action: Action) -> bool:
    return (
        action.help != SUPPRESS
        and not isinstance(action, _SubParsersAction)
        and action.dest != "help"
    )


def _entry(action: Action) -> str:
    names = ", ".join(action.option_strings) or str(action.metavar or action.dest)
    value = ""
    if action.option_strings and action.nargs != 0:
        choices: Any = action.choices
        value = " " + str(
            action.metavar
            or ("|".join(map(str, choices)) if choices else action.dest.upper())
        )
    words = (action.help or "") % {**vars(action), "prog": "envoi"} if action.help else ""
    return f"`{names}{value}`\n: {_plain(words)}\n\n"


def _plain(text: str) -> str:
    """Take Markdown's meaning from stars and angle brackets, which are the user's here."""
    for sign in "\\*_<>":
        text = text.replace(sign, f"\\{sign}")
    return text


def _examples(parser: ArgumentParser) -> str:
    parts = (parser.epilog or "").split("\n\n")
    own = [part for part in _until("exit codes:", parts) if part.strip()]
    lines = "\n\n".join(own).splitlines()
    return "\n".join(line.removeprefix("  ") for line in lines if line != "examples:").strip()


def _until(word: str, parts: list[str]) -> list[str]:
    return [
        part
        for number, part in enumerate(parts)
        if not any(word in each for each in parts[: number + 1])
    ]


def _common(parser: ArgumentParser) -> str:
    text = parser.epilog or ""
    return text[text.index("exit codes:") :].rstrip()


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx."""
    app.add_directive("command-line", CommandLine)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
