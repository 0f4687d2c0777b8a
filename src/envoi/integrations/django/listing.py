"""A page of the outbox for the admin: what was asked for, read from an URL, and what was found.

Pages go on after a message, not after a number: however long the outbox, each costs the same. The views are
in `admin`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from envoi.errors import OutboxError
from envoi.outbox.model import Stage, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envoi.client.outbox import Outbox
    from envoi.outbox.model import MessageStatus

__all__ = ["Choice", "Filter", "Listing", "listing"]

PER_PAGE = 50
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value of a filter, and the query that chooses it."""

    label: str
    query: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a list can be narrowed by."""

    title: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A page of messages.

    Attributes:
        messages: those on it, newest first.
        filters: what it can be narrowed by.
        search: what was searched for.
        kept: the filters in force, for the search to keep.
        older: the query of the next page; empty at the end.
        newest: the query of the first page; empty on it.
    """

    messages: tuple[MessageStatus, ...]
    filters: tuple[Filter, ...]
    search: str
    kept: tuple[tuple[str, str], ...]
    older: str
    newest: str


def listing(outbox: Outbox, asked: Mapping[str, str]) -> Listing:
    """Return the page that a query asks for; what makes no sense in it is passed over."""
    found = list(islice(_found(outbox, asked), PER_PAGE + 1))
    shown = tuple(found[:PER_PAGE])
    older = ""
    if len(found) > PER_PAGE:
        older = _query(asked, before=shown[-1].created_at.isoformat(), after=shown[-1].id)
    chosen = asked.get("account") or ""
    accounts = sorted({*outbox.stats().accounts, chosen} - {""})
    return Listing(
        messages=shown,
        filters=(
            _filter("stage", [stage.value for stage in Stage], asked),
            _filter("state", [state.value for state in State], asked),
            *([_filter("account", accounts, asked)] if accounts else []),
        ),
        search=asked.get("q", ""),
        kept=tuple((name, asked[name]) for name in ("stage", "state", "account") if asked.get(name)),
        older=older,
        newest=_query(asked, before="", after="") if asked.get("before") else "",
    )


def _found(outbox: Outbox, asked: Mapping[str, str]) -> Iterator[MessageStatus]:
    wanted: dict[str, Any] = {
        "stage": _member(Stage, asked.get("stage")),
        "state": _member(State, asked.get("state")),
        "account": asked.get("account") or None,
    }
    searched = asked.get("q", "").strip()
    if _is_ticket(searched):
        yield from _one(outbox, searched)
        return
    if searched.startswith("<"):
        wanted["message_id"] = searched
    elif "@" in searched:
        wanted["recipient"] = searched
    elif searched:
        wanted["key"] = searched
    before = _instant(asked.get("before", ""))
    if before is None:
        yield from outbox.find(**wanted)
        return
    # Several may have been submitted at one instant: those up to the last one shown are passed over.
    last = asked.get("after", "")
    for message in outbox.find(**wanted, before=before + _INSTANT):
        if message.created_at < before or message.id < last:
            yield message


def _one(outbox: Outbox, ticket: str) -> Iterator[MessageStatus]:
    try:
        yield outbox.status(ticket)
    except OutboxError:
        return


def _is_ticket(text: str) -> bool:
    return len(text) == 32 and all(character in "0123456789abcdef" for character in text)


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def _member(kind: type[Stage | State], value: str | None) -> Stage | State | None:
    return kind(value) if value in {member.value for member in kind} else None


def _filter(name: str, values: list[str], asked: Mapping[str, str]) -> Filter:
    chosen = asked.get(name) or ""
    return Filter(
        title=name,
        choices=tuple(
            Choice(
                label=value or "all",
                query=_query(asked, **{name: value}, before="", after=""),
                chosen=value == chosen,
            )
            for value in ["", *values]
        ),
    )


def _query(asked: Mapping[str, str], **changes: str) -> str:
    known = {name: asked.get(name, "") for name in ("q", "stage", "state", "account", "before", "after")}
    return "?" + urlencode({name: value for name, value in {**known, **changes}.items() if value})
