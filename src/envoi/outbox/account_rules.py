"""What an account allows and wants, as its owner wrote it down.

`account_state` knows what is used of the limits. Where the server is and how to log in is not here: that is
`envoi.session.account`, which every worker reads for itself.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import Enum

from envoi.errors import ConfigError

__all__ = ["AccountRules", "Limits", "OnUnknown"]


class OnUnknown(Enum):
    """What to do after silence behind the final dot."""

    RESEND = "resend"  # may arrive twice, is never lost
    HOLD = "hold"  # never arrives twice, waits for a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the provider allows, over all workers and machines; None for no limit.

    A window slides: no interval of a second, an hour or a day holds more than its limit.

    Attributes:
        messages_per_second: messages handed over in any second.
        messages_per_hour: in any hour.
        messages_per_day: in any 24 hours.
        recipients_per_day: recipients offered in any 24 hours.
        connections: connections open at once.
    """

    messages_per_second: float | None = None
    messages_per_hour: int | None = None
    messages_per_day: int | None = None
    recipients_per_day: int | None = None
    connections: int | None = None

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ConfigError(f"{name} must be above 0, not {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRules:
    """How the mail of one account is treated.

    Attributes:
        name: the account's.
        limits: what the provider allows.
        on_unknown: what to do after silence behind the final dot.
        failover: the account to go on with while this one's server is down; empty for none.
        dsn: whether the sender gets a delivery status notification (RFC 3464) about what failed for good.

    Raises:
        ConfigError: an account is to stand in for itself.
    """

    name: str
    limits: Limits = field(default_factory=Limits)
    on_unknown: OnUnknown = OnUnknown.RESEND
    failover: str = ""
    dsn: bool = False

    def __post_init__(self) -> None:
        if self.failover and self.failover == self.name:
            raise ConfigError(f"the failover of the account {self.name!r} must be another account")

    def to_json(self) -> str:
        """The rules as an engine keeps them, without the name."""
        rules = {
            "limits": {name: value for name, value in asdict(self.limits).items() if value is not None},
            "on_unknown": self.on_unknown.value,
            "failover": self.failover,
            "dsn": self.dsn,
        }
        return json.dumps(rules, separators=(",", ":"))

    @classmethod
    def from_json(cls, name: str, text: str) -> AccountRules:
        """Read back what `to_json` wrote; nothing at all gives the defaults."""
        rules = json.loads(text or "{}")
        failover = rules.get("failover", "")
        return cls(
            name=name,
            limits=Limits(**rules.get("limits", {})),
            on_unknown=OnUnknown(rules.get("on_unknown", OnUnknown.RESEND.value)),
            failover="" if failover == name else failover,  # which was accepted once
            dsn=rules.get("dsn", False),
        )
