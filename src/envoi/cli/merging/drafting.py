"""From options to a template: which files, who sends it, what goes with every mail.

The half of ``envoi merge`` that knows no row and no server. Which files belong to a template is said in
`envoi.message.templates.folder`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envoi.cli.composing import add_part_options, read_attachments, read_header
from envoi.message.templates.template import Template

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["add_template_options", "read_template"]

_ENDINGS = (".j2", ".subject.txt", ".txt", ".html", ".mjml", ".subject", ".")


def add_template_options(parser: ArgumentParser) -> None:
    """Declare the template, the rows, and what all mails have in common."""
    parser.add_argument(
        "template",
        metavar="TEMPLATE",
        help="FOLDER/NAME: NAME.subject.txt, NAME.txt and NAME.html or NAME.mjml, in Jinja",
    )
    parser.add_argument(
        "rows",
        metavar="ROWS",
        help="a file .csv or .tsv, whose first line names the columns, or .jsonl (JSON Lines)",
    )
    group = parser.add_argument_group("message", "What all mails have in common, and where rows say to whom.")
    group.add_argument("--from", dest="sender", metavar="ADDRESS", required=True, help="who sends it")
    group.add_argument("--to-column", metavar="NAME", help="the column with the address; email or to")
    group.add_argument("--name-column", metavar="NAME", help="the column with the name beside it")
    group.add_argument("--reply-to", metavar="ADDRESS", action="append", default=[], help="where answers go")
    group.add_argument(
        "--unsubscribe",
        metavar="URL",
        help="the way out, a template as well: 'https://example.com/bye/{{ token | urlencode }}'",
    )
    add_part_options(group.add_argument, attach="attach files to every mail")
    group.add_argument(
        "--encoding", metavar="NAME", default="utf-8", help="that of ROWS, such as cp1252; utf-8 by default"
    )


def read_template(given: Namespace) -> Template:
    """Return the template that the options describe.

    Raises:
        UsageError: it does not exist or is not well-formed; an option is wrong.
        OSError: a file cannot be read.
    """
    path = Path(given.template)
    return Template.from_folder(
        path.parent,
        _name(path.name),
        sender=given.sender,
        to_column=given.to_column,
        name_column=given.name_column,
        reply_to=given.reply_to,
        unsubscribe=given.unsubscribe,
        attachments=read_attachments(given),
        headers=[read_header(line) for line in given.header],
    )


def _name(name: str) -> str:
    """The name without what the shell may have completed."""
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return name
