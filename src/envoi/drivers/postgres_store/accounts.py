"""Accounts: their rules, and their state, which is changed only while its row is locked.

What follows from a state is `envoi.outbox.account_state`'s to say; here it is JSON that is read and
written. An account is made known by `declare`, by a change of its state, or by the claim that follows its
first mail.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from envoi.outbox.account_rules import AccountRules
from envoi.outbox.account_state import AccountState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envoi.drivers.postgres_store.link import Database, Link

__all__ = ["accounts", "change_account", "declare", "extend_connections", "welcome"]

_ADD = "INSERT INTO envoi_accounts (name) VALUES (%(name)b) ON CONFLICT DO NOTHING"
_LOCK = "SELECT rules, state FROM envoi_accounts WHERE name = %(name)b FOR UPDATE"
_HELD_BY = """
SELECT name, state FROM envoi_accounts WHERE strpos(state, %(owner)b) > 0 ORDER BY name FOR UPDATE
"""
_KEEP_STATE = "UPDATE envoi_accounts SET state = %(state)b WHERE name = %(name)b"
# Limits are asked again at the next claim: only a pause is known to last.
_CHANGE = """
UPDATE envoi_accounts SET state = %(state)b, not_before = %(paused)b::timestamptz WHERE name = %(name)b
"""
_DECLARE = """
INSERT INTO envoi_accounts (name, rules)
SELECT * FROM unnest(%(names)b::text[], %(rules)b::text[]) ORDER BY 1
ON CONFLICT (name) DO UPDATE SET rules = excluded.rules, not_before = '-infinity'
"""
_WELCOME = """
INSERT INTO envoi_accounts (name)
SELECT DISTINCT n.account FROM envoi_nudges n
WHERE NOT EXISTS (SELECT FROM envoi_accounts a WHERE a.name = n.account)
ORDER BY 1 ON CONFLICT DO NOTHING
"""
_ALL = "SELECT name, rules, state FROM envoi_accounts ORDER BY name"


async def change_account(
    link: Link, name: str, change: Callable[[AccountRules, AccountState], AccountState]
) -> AccountState:
    """Lock an account, making it known first, and write its new state."""
    await link.run(_ADD, name=name)
    ((rules, state),) = await link.run(_LOCK, name=name)
    new = change(AccountRules.from_json(name, rules), AccountState.from_json(state))
    paused = datetime.fromtimestamp(new.paused_until, UTC)
    await link.run(_CHANGE, name=name, state=new.to_json(), paused=paused)
    return new


async def extend_connections(link: Link, owner: str, until: datetime) -> None:
    """Let an owner keep the connections it holds, of whichever accounts."""
    for name, text in await link.run(_HELD_BY, owner=json.dumps(owner)):
        state = AccountState.from_json(text)
        if owner in state.connections:
            held = {**state.connections, owner: (state.connections[owner][0], until.timestamp())}
            await link.run(_KEEP_STATE, name=name, state=replace(state, connections=held).to_json())


async def welcome(link: Link | Database) -> None:
    """Make the accounts whose first mail was put."""
    await link.run(_WELCOME)


async def declare(database: Database, rules: Sequence[AccountRules]) -> None:
    """See `Store.declare`; the last word about an account counts."""
    last = {rule.name: rule.to_json() for rule in rules}
    await database.run(_DECLARE, names=list(last), rules=list(last.values()))


async def accounts(database: Database) -> tuple[tuple[AccountRules, AccountState], ...]:
    """See `Store.accounts`."""
    await welcome(database)
    rows = await database.run(_ALL)
    return tuple(
        (AccountRules.from_json(name, rules), AccountState.from_json(state)) for name, rules, state in rows
    )
