"""Text to addresses: one mailbox, a list, a group (RFC 5322 §3.4), strictly.

Only what every mail program reads the same way is read. Comments, source routes, unquoted specials in names
and a second ``@`` are refused with the reason and the spelling that works; nothing is skipped or repaired.
What an address may contain is checked by `address` itself.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from envoi.errors import InvalidAddress
from envoi.message.address import Address, Group
from envoi.message.characters import refuse_controls, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["parse_address", "parse_list"]

_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_NAME = rf'(?:{_QUOTED}|[^"(),:;<>@\[\\\]])*+'
_SPEC = rf'(?:{_QUOTED}|[^\s"(),:;<>@\[\\\]]+)@(?:\[[^\s\[\]\\<>"]*\]|[^\s"(),:;<>@\[\\\]]+)'
_MAILBOX = re.compile(rf" *+(?:(?P<name>{_NAME})<(?P<angle>{_SPEC})>|(?P<bare>{_SPEC})) *+", re.DOTALL)
_GROUP = re.compile(rf" *+(?P<name>{_NAME}):", re.DOTALL)
_PIECE = re.compile(rf'{_QUOTED}|[^" ]+', re.DOTALL)
_BARE = re.compile(r"[A-Za-z0-9!#$%&'*+/?^_`{|}~.-]+@[A-Za-z0-9.-]+")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@lru_cache(maxsize=4096)
def parse_address(text: str) -> Address:
    """Exactly one mailbox.

    Raises:
        InvalidAddress: the text is something else, or would be read differently elsewhere.
    """
    if _BARE.fullmatch(text):
        local, _, domain = text.partition("@")
        if ".." not in local and local[0] != "." != local[-1]:
            return Address(local=local, domain=domain)
    refuse_controls(text, "address", error=InvalidAddress)
    found = _MAILBOX.fullmatch(text)
    if found is None:
        raise _complaint(text, text)
    return _address(found)


def parse_list(value: str | Address | Group | Iterable[str | Address | Group]) -> tuple[Address | Group, ...]:
    """The addresses and groups in a comma-separated text, in a value, or in an iterable of both.

    Raises:
        InvalidAddress: one of them cannot be read; the text shows which.
    """
    if isinstance(value, str):
        return _parse_text(value)
    if value == ():
        return ()
    if isinstance(value, (Address, Group)):
        return (value,)
    return tuple(one for item in value for one in parse_list(item))


@lru_cache(maxsize=4096)
def _parse_text(text: str) -> tuple[Address | Group, ...]:
    if _BARE.fullmatch(text):
        return (parse_address(text),)
    refuse_controls(text, "address", error=InvalidAddress)
    found: list[Address | Group] = []
    position = 0
    while True:
        start = position
        if mailbox := _MAILBOX.match(text, position):
            found.append(_address(mailbox))
            position = mailbox.end()
        elif group := _GROUP.match(text, position):
            members, position = _members(text, group.end())
            found.append(Group(name=_unquoted(group["name"]), members=members))
        else:
            raise _complaint(text[position:], text)
        if position == len(text):
            return tuple(found)
        position = _after_comma(text, start, position)


def _one(text: str, position: int) -> tuple[Address, int]:
    found = _MAILBOX.match(text, position)
    if found is None:
        raise _complaint(text[position:], text)
    return _address(found), found.end()


def _members(text: str, position: int) -> tuple[tuple[Address, ...], int]:
    members: list[Address] = []
    start = position
    while not text[position:].lstrip(" ").startswith(";"):
        if members:
            position = _after_comma(text, start, position)
        start = position
        address, position = _one(text, position)
        members.append(address)
    end = text.index(";", position) + 1
    return tuple(members), end + len(text[end:]) - len(text[end:].lstrip(" "))


def _after_comma(text: str, start: int, position: int) -> int:
    if text[position : position + 1] != ",":
        raise _complaint(text[start:], text)
    return position + 1


def _address(found: re.Match[str]) -> Address:
    spec = found["angle"] or found["bare"]
    local, _, domain = spec.rpartition("@")
    if not local.startswith('"') and (".." in local or local.startswith(".") or local.endswith(".")):
        raise InvalidAddress(f"{shown(spec)} has a misplaced dot; quote the local part if it is meant so")
    return Address(local=_unquoted(local), domain=domain, name=_unquoted(found["name"] or ""))


def _unquoted(text: str) -> str:
    if '"' not in text:
        return text.strip(" ")
    if text.startswith('"') and text.rstrip(" ").endswith('"') and _PIECE.fullmatch(text.rstrip(" ")):
        return _ESCAPED.sub(r"\1", text.rstrip(" ")[1:-1])
    return " ".join(_unquoted(piece) for piece in _PIECE.findall(text))


def _complaint(rest: str, text: str) -> InvalidAddress:
    """Why this is no address, in the words of the most likely mistake."""
    place = shown(text)
    bare = re.sub(_QUOTED, "x", rest)
    if not rest.strip(" ") or rest.lstrip(" ").startswith(","):
        reason = "is empty, or has an empty place between commas"
    elif "(" in bare or ")" in bare:
        reason = 'contains a comment; write the name in front: "Name" <user@example.org>'
    elif re.search(r"<\s*@", bare):
        reason = "contains a source route, which servers no longer follow (RFC 5321 appendix C)"
    elif '"' in bare:
        reason = "contains a quotation mark that is never closed"
    elif "@" not in bare.partition(",")[0]:
        reason = "has no @ and domain; a name with a comma belongs in quotation marks"
    elif bare.partition(",")[0].count("@") > 1:
        reason = "contains more than one @; a name with an @ belongs in quotation marks"
    elif ":" in bare or ";" in bare:
        reason = "contains a colon or semicolon outside quotation marks"
    else:
        reason = "is not of the form user@example.org or Name <user@example.org>"
    return InvalidAddress(f"the address {place} {reason}")
