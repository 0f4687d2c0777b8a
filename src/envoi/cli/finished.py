"""A finished message (``--eml``): sent as it is, octet by octet, to whom its fields or the options say.

A file of any size stays on disk until it is sent. Composing is in `composing`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envoi.cli.files import checked
from envoi.errors import UsageError
from envoi.message.address import Address, Group
from envoi.message.mailboxes import parse_list
from envoi.message.raw import RawEmail

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator
    from email.message import EmailMessage

    from envoi.cli.terminal import Terminal

__all__ = ["read_finished"]

_HEADER_OCTETS = 1 << 20
"""Within so many octets the header of a message ends."""
_ONLY_COMPOSED = (
    "subject",
    "text",
    "text_file",
    "html",
    "html_file",
    "attach",
    "inline",
    "header",
    "reply_to",
)


def read_finished(given: Namespace, terminal: Terminal) -> RawEmail:
    """Return the message and its envelope.

    Raises:
        UsageError: other options would change it, or it says not clearly from whom to whom.
        OSError: the file cannot be read.
    """
    for name in _ONLY_COMPOSED:
        if getattr(given, name):
            raise UsageError(f"--eml is a finished message: --{name.replace('_', '-')} cannot be put into it")
    raw, start = _octets(given.eml, terminal)
    sender = None if given.sender is None else _bare(given.sender)
    recipients = tuple(_specs([*given.to, *given.cc, *given.bcc]))
    if sender is None or not recipients:
        # Imported here: the package costs more than everything else, and finished messages are rare.
        from envoi.message.addressed import named_recipients, named_sender

        fields = _fields(start)
        sender = named_sender(fields) if sender is None else sender
        recipients = recipients or named_recipients(fields)
    return RawEmail(raw, sender=sender, recipients=recipients)


def _octets(name: str, terminal: Terminal) -> tuple[bytes | Path, bytes]:
    """Return the message, or the path of its file, and its beginning."""
    if name == "-":
        data = terminal.read_input()
        return data, data[:_HEADER_OCTETS]
    path = Path(checked(name))
    with path.open("rb") as file:
        return path, file.read(_HEADER_OCTETS)


def _fields(start: bytes) -> EmailMessage:
    from email import policy
    from email.parser import HeaderParser

    return HeaderParser(policy=policy.default).parsestr(start.decode("utf-8", "surrogateescape"))


def _bare(address: str) -> str:
    return "" if address in ("", "<>") else Address.parse(address).spec


def _specs(texts: Iterable[str]) -> Iterator[str]:
    for one in parse_list(texts):
        yield from (member.spec for member in one.members) if isinstance(one, Group) else [one.spec]
