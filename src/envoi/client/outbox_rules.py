"""How an outbox treats the accounts of the configuration file: their limits and wishes as `AccountRules`.

The file has limits by the minute, as providers write them; an outbox spaces messages by the second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi.outbox.account_rules import AccountRules, Limits, OnUnknown

if TYPE_CHECKING:
    from envoi.session.account import Account

__all__ = ["rules_of"]

MINUTE = 60


def rules_of(account: Account) -> AccountRules:
    """Return the rules of an account."""
    limits = account.limits
    rates: list[float] = [limits["messages_per_second"]] if "messages_per_second" in limits else []
    if "messages_per_minute" in limits:
        rates.append(limits["messages_per_minute"] / MINUTE)
    return AccountRules(
        name=account.name,
        limits=Limits(
            messages_per_second=min(rates, default=None),
            messages_per_hour=limits.get("messages_per_hour"),
            messages_per_day=limits.get("messages_per_day"),
            recipients_per_day=limits.get("recipients_per_day"),
            connections=limits.get("connections"),
        ),
        on_unknown=OnUnknown(account.outbox.on_unknown),
        failover=account.outbox.failover,
        dsn=account.outbox.dsn,
    )
