"""Changing the text of the configuration file without touching what others wrote: comments stay.

An account is added at the end, and removed from its head to the next one. The text that comes of it is read
again and compared with what was meant; where that differs, nothing is changed (docs/decisions/0073).
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING

from envoi.errors import ConfigError
from envoi.session.account import QueueWishes
from envoi.session.account_reading import read_accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi.session.account import Account

__all__ = ["with_account", "without_account"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LINE = re.compile(r"[^\n]*\n?")
_HEAD = re.compile(r"\s*\[")


def with_account(text: str, account: Account, place: str) -> str:
    """Return the text with an account more.

    Raises:
        ConfigError: there is one of that name, or the text is wrong already.
    """
    before = read_accounts(text, place)
    if account.name in before:
        raise ConfigError(
            f"{place} has an account {account.name!r} already: choose another name, or remove it"
        )
    start = f"{text.rstrip()}\n\n" if text.strip() else ""
    after = f"{start}[accounts.{_key(account.name)}]\n" + "".join(f"{line}\n" for line in _lines(account))
    return _checked(after, {**before, account.name: account}, place)


def without_account(text: str, name: str, place: str) -> str:
    """Return the text without an account.

    Raises:
        ConfigError: there is none of that name, or it is written in a way that only its author can change.
    """
    before = read_accounts(text, place)
    if name not in before:
        raise ConfigError(f"{place} has no account {name!r}")
    heads = tuple(re.compile(rf"\s*\[accounts\.{re.escape(key)}[\].]") for key in {name, _key(name)})
    kept: list[str] = []
    inside = False
    # Not by `splitlines`, which knows more ends of lines than TOML does.
    for line in _LINE.findall(text):
        if _HEAD.match(line):
            inside = any(head.match(line) for head in heads)
        if not inside:
            kept.append(line)
    rest = {other: account for other, account in before.items() if other != name}
    return _checked("".join(kept), rest, place)


def _checked(text: str, meant: dict[str, Account], place: str) -> str:
    try:
        agrees = read_accounts(text, place) == meant
    except ConfigError:
        agrees = False
    if not agrees:
        raise ConfigError(f"{place} is written in a way that envoi cannot change safely: edit it by hand")
    return text


def _lines(account: Account) -> Iterator[str]:
    for key, value in (
        ("from", account.sender),
        ("server", account.server),
        ("port", account.port),
        ("security", account.security),
        ("username", account.username),
        ("ca_file", account.ca_file),
    ):
        if value:
            yield f"{key} = {_value(value)}"
    for key, place in (("password", account.password), ("oauth", account.oauth), ("dkim", account.dkim)):
        if place is not None:
            yield f"{key} = {_inline({name: getattr(place, name) for name in place.__slots__})}"
    if account.limits:
        yield f"limits = {_inline(dict(account.limits))}"
    if account.outbox != QueueWishes():
        yield f"outbox = {_inline(asdict(account.outbox))}"


def _inline(values: dict[str, object]) -> str:
    return f"{{ {', '.join(f'{key} = {_value(value)}' for key, value in values.items() if value)} }}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)


def _value(value: object) -> str:
    # JSON's strings, numbers, booleans and lists are TOML's, but for one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
