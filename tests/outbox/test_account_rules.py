"""How an account is treated, as an engine keeps it."""

from __future__ import annotations

import pytest

from envoi.errors import ConfigError
from envoi.outbox.account_rules import AccountRules, Limits, OnUnknown


def test_is_read_back_as_it_was() -> None:
    rules = AccountRules(
        name="work",
        limits=Limits(messages_per_second=2.5, connections=4),
        on_unknown=OnUnknown.HOLD,
        failover="spare",
        dsn=True,
    )
    assert AccountRules.from_json("work", rules.to_json()) == rules


def test_nothing_written_down_gives_the_defaults() -> None:
    assert AccountRules.from_json("work", "") == AccountRules(name="work")


def test_refuses_a_limit_of_nothing() -> None:
    with pytest.raises(ConfigError, match="connections must be above 0"):
        Limits(connections=0)


def test_refuses_an_account_that_stands_in_for_itself() -> None:
    with pytest.raises(ConfigError, match="another account"):
        AccountRules(name="work", failover="work")
    assert AccountRules.from_json("work", '{"failover": "work"}') == AccountRules(name="work")
