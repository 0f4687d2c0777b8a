"""What an outbox is told of an account of the configuration file."""

from __future__ import annotations

from envoi.client.outbox_rules import rules_of
from envoi.outbox.account_rules import AccountRules, Limits, OnUnknown
from envoi.session.account import Account, QueueWishes


def test_limits_and_wishes_become_rules() -> None:
    account = Account(
        name="work",
        server="smtp.example.com",
        limits={
            "messages_per_minute": 30,
            "messages_per_second": 5,
            "messages_per_day": 500,
            "connections": 2,
        },
        outbox=QueueWishes(on_unknown="hold", failover="spare", dsn=True),
    )
    assert rules_of(account) == AccountRules(
        name="work",
        limits=Limits(messages_per_second=0.5, messages_per_day=500, connections=2),
        on_unknown=OnUnknown.HOLD,
        failover="spare",
        dsn=True,
    )


def test_without_limits_there_are_none() -> None:
    assert rules_of(Account(name="work", server="smtp.example.com")) == AccountRules(name="work")
