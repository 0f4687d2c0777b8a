"""Accounts: rules as declared, states changed one at a time."""

from __future__ import annotations

from dataclasses import replace

from envoi.outbox.account_rules import AccountRules, OnUnknown
from envoi.outbox.account_state import AccountState
from tests.outbox.contract.arena import Arena, rules


async def test_rules_are_kept_as_declared(arena: Arena) -> None:
    declared = rules(
        "home", more={"on_unknown": OnUnknown.HOLD, "failover": "spare", "dsn": True}, messages_per_second=2.5
    )
    await arena.store.declare([declared, rules("work", connections=4)])
    assert await arena.open().accounts() == (
        (declared, AccountState()),
        (rules("work", connections=4), AccountState()),
    )


async def test_an_account_that_was_written_to_has_the_default_rules(arena: Arena) -> None:
    await arena.put(account="new")
    assert await arena.store.accounts() == ((AccountRules(name="new"), AccountState()),)


async def test_declaring_again_changes_the_rules_and_not_the_state(arena: Arena) -> None:
    await arena.store.declare([rules(messages_per_hour=5)])
    state = await arena.store.change_account("work", lambda state: replace(state, failures=3))
    assert state == AccountState(failures=3)
    await arena.store.declare([rules(messages_per_hour=7)])
    assert await arena.store.accounts() == ((rules(messages_per_hour=7), AccountState(failures=3)),)


async def test_a_change_of_an_account_that_nobody_declared_is_kept(arena: Arena) -> None:
    await arena.store.change_account("new", lambda state: replace(state, paused_until=5.0))
    assert await arena.store.accounts() == ((AccountRules(name="new"), AccountState(paused_until=5.0)),)


async def test_a_change_sees_the_one_before(arena: Arena) -> None:
    other = arena.open()
    state = AccountState()
    for store in (arena.store, other, arena.store):
        state = await store.change_account("work", lambda state: replace(state, failures=state.failures + 1))
    assert state.failures == 3


async def test_a_change_that_changes_nothing_is_fine(arena: Arena) -> None:
    assert await arena.store.change_account("work", lambda state: state) == AccountState()
