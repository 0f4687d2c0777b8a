"""The list of addresses that are not written to any more.

Case is ignored, also in the local part, as nearly every server does. Who puts addresses here, and why, is
`envoi.outbox`'s; that a put honours the list is seen to in `accepting`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.drivers.sqlite_store.instants import from_micros, micros
from envoi.outbox.model import Suppression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envoi.drivers.sqlite_store.transaction import Transaction

__all__ = ["list_some", "suppress", "suppressed", "unsuppress"]

_COLUMNS = "SELECT address, reason, since, message FROM envoi_suppressed"


def suppressed(tx: Transaction, addresses: Sequence[str]) -> tuple[Suppression, ...]:
    """Return which of the addresses are on the list."""
    rows = (
        tx.row(f"{_COLUMNS} WHERE folded = ?", address.casefold()) for address in dict.fromkeys(addresses)
    )
    return tuple(_entry(*row) for row in rows if row is not None)


def suppress(tx: Transaction, entries: Sequence[Suppression]) -> None:
    """Put addresses on the list; what is known of one already is replaced."""
    tx.run_many(
        "INSERT OR REPLACE INTO envoi_suppressed (folded, address, reason, since, message) "
        "VALUES (?, ?, ?, ?, ?)",
        [
            (entry.address.casefold(), entry.address, entry.reason, micros(entry.since), entry.id)
            for entry in entries
        ],
    )


def unsuppress(tx: Transaction, addresses: Sequence[str]) -> int:
    """Take addresses off the list; return how many were on it."""
    folded = {address.casefold() for address in addresses}
    return sum(
        tx.run("DELETE FROM envoi_suppressed WHERE folded = ?", address).rowcount for address in folded
    )


def list_some(tx: Transaction, after: str | None, most: int) -> tuple[Suppression, ...]:
    """Return the next of the list, in alphabetical order."""
    rows = tx.rows(
        f"{_COLUMNS} WHERE folded > ? ORDER BY folded LIMIT ?",
        "" if after is None else after.casefold(),
        most,
    )
    return tuple(_entry(*row) for row in rows)


def _entry(address: str, reason: str, since: int, message: str) -> Suppression:
    return Suppression(address=address, reason=reason, since=from_micros(since), id=message)
