"""Finding messages: a `Query`, newest first, a page at a time.

The rarest condition leads: a name, a key, a recipient or a state has an index of its own; else the list is
merged from the accounts and stages asked for, each of which is in the order of ids already. The rest is
checked message by message.
"""

from __future__ import annotations

from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Any

from envoi.drivers.sqlite_store import ledger
from envoi.drivers.sqlite_store.instants import micros, octets_of
from envoi.drivers.sqlite_store.looking import statuses
from envoi.outbox.model import Page, Stage, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envoi.drivers.sqlite_store.transaction import Transaction
    from envoi.outbox.model import Query

__all__ = ["find"]

_LAST = b"\xff" * 17  # above every id
#: Messages among which those that wait are looked for, before all that wait are sorted.
NEWEST = 5000
_OPEN_STAGES = (Stage.WAITING, Stage.CLAIMED, Stage.HELD)
_ROW = "EXISTS (SELECT 1 FROM envoi_recipient r WHERE r.message = m.id"
# Recipients without rows stand in their message's, and are pending.
_HAS_STATE = f"({_ROW} AND r.state = ?) OR (m.recipients <> '' AND ? = 'pending' AND NOT {_ROW})))"
_HAS_ADDRESS = (
    f"({_ROW} AND r.address = ? COLLATE NOCASE) "
    "OR instr(char(10) || lower(m.recipients) || char(10), char(10) || lower(?) || char(10)))"
)


def find(tx: Transaction, query: Query, after: str | None, most: int) -> Page:
    """Return one page of what matches."""
    below = _LAST if after is None else octets_of(after)
    found = list(islice(_matching(tx, query, below), most + 1))
    messages = statuses(tx, found[:most])
    return Page(messages=messages, after=found[most - 1].hex() if len(found) > most else None)


def _matching(tx: Transaction, query: Query, below: bytes) -> Iterator[bytes]:
    conditions, values = _conditions(query)
    check = f"SELECT 1 FROM envoi_message m WHERE m.id = ?{conditions}"  # noqa: S608 - values are bound
    for identity in _candidates(tx, query, below):
        if tx.row(check, identity, *values) is not None:
            yield identity


def _candidates(tx: Transaction, query: Query, below: bytes) -> Iterable[bytes]:
    """Ids below one, descending, no two alike, of all that can match."""
    if query.message_id is not None:
        return _by_word(tx, query.message_id, below)
    if query.key:
        # The key of a purged message is known still; the check leaves it out.
        rows = tx.rows("SELECT message FROM envoi_key WHERE key = ? AND message < ?", query.key, below)
        return sorted((message for (message,) in rows), reverse=True)
    if query.recipient is not None:
        return _by_word(tx, query.recipient, below)
    if query.state is not None and query.state is not State.PENDING:
        source = "envoi_recipient WHERE state = ? AND state <> 'pending'"
        return _distinct(_walk(tx, "message", source, below, query.state.value))
    return _listed(tx, query, below)


def _listed(tx: Transaction, query: Query, below: bytes) -> Iterator[bytes]:
    if query.stage is not None:
        stages: tuple[Stage, ...] = (query.stage,)
    elif query.state is State.PENDING:
        stages = _OPEN_STAGES
    elif query.account is None:
        return _walk(tx, "id", "envoi_message WHERE true", below)
    else:
        stages = tuple(Stage)
    accounts = sorted(ledger.accounts(tx)) if query.account is None else [query.account]
    walks = [
        _walk(
            tx,
            "id",
            "envoi_message WHERE account = ? AND stage = ? AND stage <> 'waiting'",
            below,
            account,
            stage.value,
        )
        for account in accounts
        for stage in stages
        if stage is not Stage.WAITING
    ]
    if Stage.WAITING in stages:
        walks.append(_waiting(tx, query.account, below))
    return merge(*walks, reverse=True)


def _waiting(tx: Transaction, account: str | None, below: bytes) -> Iterator[bytes]:
    """Ids of messages that wait: no index has them in this order, which saves every enqueue a page to write.

    Where many wait, the newest messages have enough of them. Where few do, they are sorted.
    """
    looked_at = 0
    while looked_at < NEWEST:
        rows = tx.rows(
            "SELECT id, stage, account FROM envoi_message WHERE id < ? ORDER BY id DESC LIMIT 100", below
        )
        yield from (row[0] for row in rows if row[1] == "waiting" and account in (None, row[2]))
        if not rows:
            return
        looked_at, below = looked_at + len(rows), rows[-1][0]
    source = "envoi_message INDEXED BY envoi_message_ready WHERE stage = 'waiting'"
    if account is None:
        yield from _walk(tx, "id", source, below)
    else:
        yield from _walk(tx, "id", f"{source} AND account = ?", below, account)


def _by_word(tx: Transaction, word: str, below: bytes) -> Iterator[bytes]:
    """Ids of messages that are found by a word, and of all that may be, once they are posted."""
    unposted = (identity for identity in ledger.unposted(tx) if identity < below)
    return _distinct(
        merge(_walk(tx, "message", "envoi_word WHERE word = ?", below, word), unposted, reverse=True)
    )


def _walk(tx: Transaction, column: str, source: str, below: bytes, *values: Any) -> Iterator[bytes]:
    """Walk down an index, a hundred rows at a time: a cursor that is left open would hold the tables."""
    statement = (
        f"SELECT DISTINCT {column} FROM {source} AND {column} < ? "  # noqa: S608 - our own words
        f"ORDER BY {column} DESC LIMIT 100"
    )
    while rows := tx.rows(statement, *values, below):
        found = [identity for (identity,) in rows]
        yield from found
        below = found[-1]


def _distinct(identities: Iterable[bytes]) -> Iterator[bytes]:
    last = b""
    for identity in identities:
        if identity != last:
            last = identity
            yield identity


def _conditions(query: Query) -> tuple[str, list[Any]]:
    """All conditions of a query about one message, as SQL and values."""
    wanted: list[tuple[str, Any]] = [
        ("m.account = ?", query.account),
        ("m.stage = ?", None if query.stage is None else query.stage.value),
        (_HAS_STATE, None if query.state is None else query.state.value),
        (_HAS_ADDRESS, query.recipient),
        ("m.message_id = ?", query.message_id),
        ("m.key = ?", query.key),
        ("m.created_at >= ?", None if query.since is None else micros(query.since)),
        ("m.created_at < ?", None if query.before is None else micros(query.before)),
    ]
    given = [(condition, value) for condition, value in wanted if value is not None]
    values = [value for condition, value in given for _ in range(condition.count("?"))]
    return "".join(f" AND {condition}" for condition, _ in given), values
