"""From options, files and standard input to a mail: the half of ``envoi send`` that knows no server.

What can be wrong with files is found here, before anything is connected; what can be wrong with addresses and
headers is found by the `Email` itself. Messages that are finished already are in `finished`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.cli.files import checked, decode, text_of
from envoi.cli.finished import read_finished
from envoi.errors import InvalidHeader, UsageError
from envoi.message.email import Attachment, Email

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from envoi.cli.terminal import Terminal
    from envoi.message.raw import RawEmail

__all__ = ["add_message_options", "add_part_options", "read_attachments", "read_header", "read_mail"]


def add_message_options(parser: ArgumentParser) -> None:
    """Declare the options about the message and its envelope."""
    group = parser.add_argument_group("message", "Addresses may have names: 'Zoë <zoe@example.org>'.")
    group.add_argument("--from", dest="sender", metavar="ADDRESS", help="who sends it")
    group.add_argument(
        "--to", metavar="ADDRESS", action="append", default=[], help="repeat it, or use commas"
    )
    group.add_argument("--cc", metavar="ADDRESS", action="append", default=[], help="copies")
    group.add_argument(
        "--bcc", metavar="ADDRESS", action="append", default=[], help="copies that nobody sees"
    )
    group.add_argument("--reply-to", metavar="ADDRESS", action="append", help="where answers go")
    group.add_argument("--subject", metavar="TEXT", help="the subject")
    text = group.add_mutually_exclusive_group()
    text.add_argument(
        "--text", metavar="TEXT", help="the text; - for standard input, which is also the default"
    )
    text.add_argument("--text-file", metavar="FILE", help="the text, from a file")
    html = group.add_mutually_exclusive_group()
    html.add_argument("--html", metavar="HTML", help="the same for people who like it coloured")
    html.add_argument("--html-file", metavar="FILE", help="likewise, from a file")
    add_part_options(group.add_argument, attach="attach files of any size")
    group.add_argument(
        "--eml",
        metavar="FILE",
        help="send this finished message as it is (- for standard input); from whom and to whom is said by "
        "its fields, or by the options",
    )


def add_part_options(add: Callable[..., object], *, attach: str) -> None:
    """Add what goes along with a mail, by a group's `add_argument`; `attach` explains the attachments."""
    add("--attach", metavar="FILE", nargs="+", action="extend", default=[], help=attach)
    add(
        "--inline",
        metavar="FILE",
        nargs="+",
        action="extend",
        default=[],
        help="images that the HTML shows as cid:NAME",
    )
    add("--header", metavar="'NAME: VALUE'", action="append", default=[], help="a further header field")


def read_mail(given: Namespace, terminal: Terminal) -> Email | RawEmail:
    """Return the mail that the options describe.

    Raises:
        UsageError: options are missing or exclude each other; an address or a header is wrong.
        OSError: a file cannot be read.
    """
    if given.eml is not None:
        return read_finished(given, terminal)
    if given.sender is None:
        raise UsageError("who sends it? Give --from ADDRESS")
    if not (given.to or given.cc or given.bcc):
        raise UsageError("to whom? Give --to ADDRESS (or --cc, --bcc)")
    return Email(
        sender=given.sender,
        to=given.to,
        cc=given.cc,
        bcc=given.bcc,
        reply_to=given.reply_to or (),
        subject=given.subject or "",
        text=_text(given, terminal),
        html=given.html if given.html_file is None else text_of(given.html_file),
        attachments=read_attachments(given),
        headers=[read_header(line) for line in given.header],
    )


def read_attachments(given: Namespace) -> list[Attachment]:
    """Return what --attach and --inline name.

    Raises:
        OSError: a file cannot be read.
        UsageError: it can, but not be attached.
    """
    return [
        *(Attachment.from_path(checked(path)) for path in given.attach),
        *(Attachment.from_path(checked(path), inline=True) for path in given.inline),
    ]


def _text(given: Namespace, terminal: Terminal) -> str | None:
    if given.text_file is not None:
        return text_of(given.text_file)
    if given.text is not None and given.text != "-":
        return str(given.text)
    something = given.html is not None or given.html_file is not None or given.attach or given.inline
    if given.text is None and (something or not terminal.has_input):
        if something:
            return None
        raise UsageError(
            "what does it say? Give --text, --html, --attach or --eml, or the text on standard input"
        )
    text = decode(terminal.read_input(), "standard input")
    if not text.strip():
        terminal.complain("envoi: warning: standard input was empty, and so is the text")
    return text


def read_header(line: str) -> tuple[str, str]:
    """Return name and value of ``Name: value``.

    Raises:
        InvalidHeader: there is no colon.
    """
    name, colon, value = line.partition(":")
    if not colon:
        raise InvalidHeader(f"{line!r} is no header field: it looks like 'Name: value'")
    return name.strip(), value.strip()
