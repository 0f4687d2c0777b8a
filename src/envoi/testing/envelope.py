"""The server's reading of MAIL and RCPT: paths, parameters, and what is wrong with them.

Pure functions of an argument and of what was offered. A parameter that goes with an extension nobody
offered is as unknown as any other (RFC 5321 §4.1.1.11: 555).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envoi.smtp.server_events import split_path
from envoi.testing.answers import SYNTAX, TOO_LARGE, Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envoi.smtp.capabilities import Capabilities

__all__ = ["Path", "read_recipient", "read_sender"]

_XTEXT = r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})"
_WHENEVER = r"(?:SUCCESS|FAILURE|DELAY)"
_MAIL = {
    "SIZE": ("SIZE", r"\d{1,20}"),
    "BODY": ("8BITMIME", "7BIT|8BITMIME|BINARYMIME"),
    "SMTPUTF8": ("SMTPUTF8", ""),
    "REQUIRETLS": ("REQUIRETLS", ""),
    "AUTH": ("AUTH", rf"<>|{_XTEXT}+"),
    "RET": ("DSN", "FULL|HDRS"),
    "ENVID": ("DSN", rf"{_XTEXT}{{1,100}}"),
    "MT-PRIORITY": ("MT-PRIORITY", "0|-?[1-9]"),
    "HOLDFOR": ("FUTURERELEASE", r"[1-9]\d{0,8}"),
    "HOLDUNTIL": ("FUTURERELEASE", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)"),
    "BY": ("DELIVERBY", r"-?\d{1,9};[NR]T?"),
}
"""Keyword → the extension it belongs to, and what its value looks like."""
_RCPT = {
    "NOTIFY": ("DSN", rf"NEVER|{_WHENEVER}(?:,{_WHENEVER})*"),
    "ORCPT": ("DSN", r"[A-Za-z0-9-]+;\S+"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """An address with its parameters."""

    address: str
    parameters: Mapping[str, str]


def read_sender(argument: str, offered: Capabilities, max_size: int) -> Path | Answer:
    """Read the argument of MAIL, or say what is wrong with it."""
    path = _read(argument, "FROM", _MAIL, offered)
    if isinstance(path, Answer):
        return path
    if path.parameters.get("BODY", "").upper() == "BINARYMIME" and "BINARYMIME" not in offered:
        return Answer(555, "5.5.4", ("BINARYMIME is not offered",))
    if int(path.parameters.get("SIZE", "0")) > max_size:
        return TOO_LARGE
    if path.address and "@" not in path.address:
        return Answer(501, "5.1.7", ("a sender has a domain",))
    return _check_characters(path, utf8="SMTPUTF8" in path.parameters)


def read_recipient(argument: str, offered: Capabilities, *, utf8: bool) -> Path | Answer:
    """Read the argument of RCPT, or say what is wrong with it."""
    path = _read(argument, "TO", _RCPT, offered)
    if isinstance(path, Answer):
        return path
    # RFC 5321 §4.5.1: the postmaster needs no domain.
    if "@" not in path.address and path.address.lower() != "postmaster":
        return Answer(501, "5.1.3", ("a recipient has a local part and a domain",))
    return _check_characters(path, utf8=utf8)


def _check_characters(path: Path, *, utf8: bool) -> Path | Answer:
    # RFC 6531 §3.3: without SMTPUTF8 an address is ASCII.
    return path if utf8 or path.address.isascii() else Answer(553, "5.6.7", ("this address needs SMTPUTF8",))


def _read(
    argument: str, keyword: str, known: Mapping[str, tuple[str, str]], offered: Capabilities
) -> Path | Answer:
    split = split_path(argument, keyword)
    if split is None:
        return SYNTAX
    address, parameters = split
    for name, value in parameters.items():
        extension, pattern = known.get(name, ("", ""))
        if extension not in offered:
            return Answer(555, "5.5.4", (f"the parameter {name} is not known",))
        if not re.fullmatch(pattern, value, re.IGNORECASE | re.ASCII):
            return Answer(501, "5.5.4", (f"the value of {name} makes no sense",))
    return Path(address=address, parameters=parameters)
