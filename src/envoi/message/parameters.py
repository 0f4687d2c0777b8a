"""Parameters of Content-Type and Content-Disposition, file names above all (RFC 2045 §5.1, RFC 2231).

A value that is short and plain is written plainly. Anything else is written as RFC 2231 says, in pieces cut
between characters. Outlook does not read that in every place, so that a file name also appears as `name` of
the Content-Type, in encoded words inside quotes: forbidden by RFC 2047 §5, and understood everywhere.
"""

from __future__ import annotations

import re
from functools import lru_cache

from envoi.message.address import quoted
from envoi.message.headers import COLUMNS, tokens
from envoi.message.words import LONGEST, encoded_words

__all__ = ["disposition_field", "type_field"]

_TOKEN = re.compile(r"[A-Za-z0-9._-]+")  # of a token's characters, those that no reader takes for syntax
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
_PIECE = 54
"""Columns of one piece of a long value: with name, number and quotes it fits a line."""
_UNESCAPED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+.^_`{|}~-")
_PERCENT = tuple(chr(octet) if octet in _UNESCAPED else f"%{octet:02X}" for octet in range(256))


@lru_cache(maxsize=1024)
def type_field(value: str, parameters: tuple[tuple[str, str], ...] = (), filename: str | None = None) -> str:
    """A Content-Type field; the file name is the copy for Outlook."""
    written = [one for name, text in parameters for one in _parameter(name, text)]
    if filename is not None:
        written += _name(filename)
    return _field("Content-Type", value, written)


@lru_cache(maxsize=1024)
def disposition_field(value: str, filename: str | None = None) -> str:
    """A Content-Disposition field (RFC 2183)."""
    return _field("Content-Disposition", value, [] if filename is None else _parameter("filename", filename))


def _field(name: str, value: str, parameters: list[list[str]]) -> str:
    """Each parameter is a list of words that only a fold or a space may part."""
    words = [value]
    for parameter in parameters:
        words[-1] += ";"
        words += parameter
    return tokens(name, words)


def _parameter(name: str, value: str) -> list[list[str]]:
    if "=?" in value or not _PLAIN.fullmatch(value):
        return _extended(name, value)
    plain = f"{name}={value if _TOKEN.fullmatch(value) else quoted(value)}"
    return [[plain]] if len(plain) < COLUMNS else _extended(name, value)


def _extended(name: str, value: str) -> list[list[str]]:
    escaped = ["".join([_PERCENT[octet] for octet in character.encode()]) for character in value]
    pieces = [""]
    for character in escaped:
        if len(pieces[-1]) + len(character) > _PIECE:
            pieces.append("")
        pieces[-1] += character
    if len(pieces) == 1:
        return [[f"{name}*=utf-8''{pieces[0]}"]]
    return [
        [f"{name}*0*=utf-8''{pieces[0]}"],
        *([f"{name}*{at}*={text}"] for at, text in enumerate(pieces[1:], 1)),
    ]


def _name(filename: str) -> list[list[str]]:
    plain = _parameter("name", filename)
    if not plain[0][0].startswith("name*"):
        return plain
    words = list(encoded_words(filename, LONGEST - len('name=""')))
    words[0] = f'name="{words[0]}'
    words[-1] += '"'
    return [words]
