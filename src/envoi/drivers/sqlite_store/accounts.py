"""Accounts: their rules as declared, their state under the lock, the connections that workers hold.

The lock is the transaction itself, since one writes at a time. What rules and state *mean* is in
`envoi.outbox.account_rules` and `envoi.outbox.account_state`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envoi.drivers.sqlite_store.instants import SECOND, from_micros
from envoi.drivers.sqlite_store.ledger import accounts as names
from envoi.outbox.account_rules import AccountRules
from envoi.outbox.account_state import AccountState, hold_connections

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from envoi.drivers.sqlite_store.transaction import Transaction

__all__ = [
    "Account",
    "change",
    "connect",
    "declare",
    "extend_connections",
    "free",
    "holders",
    "list_all",
    "save_state",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One row."""

    name: str
    rules: AccountRules
    state: AccountState

    @classmethod
    def read(cls, name: str, rules: str, state: str) -> Account:
        """Read what a row says."""
        return cls(name=name, rules=AccountRules.from_json(name, rules), state=AccountState.from_json(state))


def _get(tx: Transaction, name: str) -> Account:
    row = tx.row("SELECT name, rules, state FROM envoi_account WHERE name = ?", name)
    return Account.read(*(row or (name, "", "")))


def save_state(tx: Transaction, account: Account, state: AccountState) -> None:
    """Write an account's state, if it is another."""
    if state != account.state:
        tx.run(
            "INSERT INTO envoi_account (name, state) VALUES (?, ?) "
            "ON CONFLICT DO UPDATE SET state = excluded.state",
            account.name,
            state.to_json(),
        )


def change(tx: Transaction, name: str, edit: Callable[[AccountState], AccountState]) -> AccountState:
    """Apply a change to an account's state."""
    account = _get(tx, name)
    state = edit(account.state)
    save_state(tx, account, state)
    tx.rings = state != account.state
    return state


def connect(tx: Transaction, owner: str, name: str, wanted: int, lease: float) -> int:
    """Let an owner hold connections of an account."""
    account = _get(tx, name)
    count, state = hold_connections(
        account.rules.limits, account.state, owner, wanted, from_micros(tx.now), lease
    )
    save_state(tx, account, state)
    return count


def _all(tx: Transaction) -> list[Account]:
    return [
        Account.read(*row) for row in tx.rows("SELECT name, rules, state FROM envoi_account ORDER BY name")
    ]


def extend_connections(tx: Transaction, owner: str, lease: float) -> None:
    """Lengthen all connections that an owner holds."""
    until = tx.now / SECOND + lease
    for account in _all(tx):
        if owner in account.state.connections:
            count, _ = account.state.connections[owner]
            held = {**account.state.connections, owner: (count, until)}
            save_state(tx, account, replace(account.state, connections=held))


def holders(tx: Transaction) -> set[str]:
    """All owners that hold connections."""
    return {owner for account in _all(tx) for owner in account.state.connections}


def free(tx: Transaction, owners: Collection[str]) -> None:
    """Take back the connections of dead owners."""
    for account in _all(tx):
        state = account.state
        held = {owner: share for owner, share in state.connections.items() if owner not in owners}
        save_state(tx, account, replace(state, connections=held))


def declare(tx: Transaction, rules: Sequence[AccountRules]) -> None:
    """Write down how accounts are treated."""
    tx.rings = True
    tx.run_many(
        "INSERT INTO envoi_account (name, rules) VALUES (?, ?) "
        "ON CONFLICT DO UPDATE SET rules = excluded.rules",
        [(one.name, one.to_json()) for one in rules],
    )


def list_all(tx: Transaction) -> tuple[tuple[AccountRules, AccountState], ...]:
    """All accounts by name."""
    every = (_get(tx, name) for name in sorted(names(tx)))
    return tuple((account.rules, account.state) for account in every)
