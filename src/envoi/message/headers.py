"""Header fields as text: names, values, and the folding of lines (RFC 5322 §2.2).

A line has 76 columns where the words allow it and never 998: a fold stands between words, never inside a
character, an encoded word or an address. No value can hold a line end, so none can forge another field. What
needs encoding is encoded in `words`, parameters in `parameters`; which fields a message has is decided in
`fields`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from envoi.errors import InvalidHeader
from envoi.message.address import Address, Group, quoted
from envoi.message.characters import refuse_controls, shown
from envoi.message.words import LONGEST, encoded_words, runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["addresses", "check_name", "check_text", "tokens", "unstructured"]

COLUMNS = 76
"""Columns of a line that holds encoded words (RFC 2047 §2); plain lines keep to it as well."""
_HARD_LIMIT = 997  # a space and this many characters are a line of 998 octets (RFC 5322 §2.1.1)
_NAME = re.compile(r"[!-9;-~]{1,76}")
_PLAIN_VALUE = re.compile(r"[!-~]+(?: [!-~]+)*")
_PLAIN_WORD = re.compile(rf"[!-~]{{1,{_HARD_LIMIT}}}")
_ATOM = re.compile(rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]{{1,{LONGEST}}}")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/?^_`{|}~-]+)*")
_PRINTABLE = re.compile(r"[!-~]+(?: [!-~]+)*")
_LEAST_ROOM = 30
"""Columns below which an encoded word is not begun on a line: one character may take 24."""


def check_name(name: str) -> None:
    """Refuse what is no field name (RFC 5322 §3.6.8).

    Raises:
        InvalidHeader: empty, longer than 76 characters, or with a space, colon or character beyond ASCII.
    """
    if not _NAME.fullmatch(name):
        raise InvalidHeader(
            f"{shown(name)} is no name of a header field: 1 to 76 of ASCII, no space, no colon"
        )


def check_text(value: str, field: str) -> None:
    """Refuse what no field value may contain: line ends, NUL and other control characters but the tab.

    Raises:
        InvalidHeader: the text names the field and the character.
    """
    refuse_controls(value, field, tab=True)


@lru_cache(maxsize=2048)
def unstructured(name: str, value: str) -> str:
    """A field of free text, such as Subject; the value is shown as it was given."""
    if len(name) + 2 + len(value) <= COLUMNS and "=?" not in value and _PLAIN_VALUE.fullmatch(value):
        return f"{name}: {value}\r\n"
    if not value:
        return f"{name}: \r\n"
    lines = _Lines(name)
    lines.add_runs(runs(value, _PLAIN_WORD))
    return lines.finish()


def tokens(name: str, words: Iterable[str]) -> str:
    """A field of ASCII words of which none may be cut: message identifiers, URIs, parameters."""
    lines = _Lines(name)
    for word in words:
        lines.add(word)
    return lines.finish()


def addresses(name: str, values: Sequence[Address | Group]) -> str:
    """A field of addresses and groups."""
    if len(values) == 1 and isinstance(values[0], Address):
        only = values[0]
        line = f"{name}: {_mailbox_line(only) if only.name else only.spec}\r\n"
        if len(line) <= COLUMNS + 2:
            return line
    lines = _Lines(name)
    last = len(values) - 1
    for at, value in enumerate(values):
        if isinstance(value, Address):
            _add_mailbox(lines, value, "," if at < last else "")
        else:
            _add_group(lines, value, ";," if at < last else ";")
    return lines.finish()


class _Lines:
    """A field that grows word by word."""

    __slots__ = ("_done", "_line")

    def __init__(self, name: str) -> None:
        self._done: list[str] = []
        self._line = f"{name}:"

    def add(self, word: str) -> None:
        """Append a word, on a new line when this one is full."""
        filled = len(self._line) + 1 + len(word)
        if filled > COLUMNS and (
            self._done or " " in self._line or len(word) < COLUMNS or filled > _HARD_LIMIT
        ):
            self._fold()
        self._line += f" {word}"

    def add_runs(self, found: Iterable[tuple[bool, str]]) -> None:
        """Append what `words.runs` found."""
        for coded, text in found:
            if not coded:
                self.add(text)
                continue
            room = COLUMNS - 1 - len(self._line)
            if room < _LEAST_ROOM:
                self._fold()
                room = LONGEST
            for word in encoded_words(text, min(room, LONGEST)):
                self.add(word)

    def finish(self) -> str:
        """The whole field with its line end."""
        self._done.append(self._line)
        return "\r\n".join(self._done) + "\r\n"

    def _fold(self) -> None:
        self._done.append(self._line)
        self._line = ""


def _add_mailbox(lines: _Lines, address: Address, end: str) -> None:
    if not address.name:
        lines.add(address.spec + end)
        return
    lines.add_runs(_phrase(address.name))
    lines.add(f"<{address.spec}>{end}")


def _add_group(lines: _Lines, group: Group, end: str) -> None:
    name = _phrase(group.name)
    coded, text = name[-1]
    if coded:
        lines.add_runs((*name, (False, ":")))  # an encoded word touches nothing (RFC 2047 §5)
    else:
        lines.add_runs((*name[:-1], (False, f"{text}:")))
    last = len(group.members) - 1
    for at, member in enumerate(group.members):
        _add_mailbox(lines, member, "," if at < last else end)
    if not group.members:
        lines.add(end)


@lru_cache(maxsize=2048)
def _phrase(name: str) -> tuple[tuple[bool, str], ...]:
    """A display name as atoms, as one quoted string, or with encoded words (RFC 5322 §3.2.5)."""
    if "=?" not in name and not _ATOMS.fullmatch(name) and _PRINTABLE.fullmatch(name):
        text = quoted(name)
        if len(text) <= LONGEST:
            return ((False, text),)
    return runs(name, _ATOM)


@lru_cache(maxsize=2048)
def _mailbox_line(address: Address) -> str:
    words = (
        " ".join(encoded_words(text, LONGEST)) if coded else text for coded, text in _phrase(address.name)
    )
    return f"{' '.join(words)} <{address.spec}>"
