"""The durable queue: mail is on disk before `submit` returns, and leaves only with a server's word.

`model` has the values, `store` the port behind which an engine keeps them, `account_rules` and
`account_state` what an account may do now, `policy` what follows from an attempt, and the flows are
`submitting`, `steering` and `worker`. All of it is pure: time, disks, databases and sockets are in
`envoi.drivers`; the faces are `envoi.Outbox` and `Worker`. Names are fetched when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi._face import face

if TYPE_CHECKING:
    from envoi.client.worker import AsyncWorker, Worker
    from envoi.outbox.account_rules import AccountRules, Limits, OnUnknown
    from envoi.outbox.account_state import AccountState
    from envoi.outbox.model import (
        Content,
        Event,
        MessageStatus,
        RecipientResult,
        RecipientStatus,
        Stage,
        State,
        Stats,
        Suppression,
        Ticket,
    )
    from envoi.outbox.policy import Backoff
    from envoi.outbox.submitting import Bounces

__all__ = [
    "AccountRules",
    "AccountState",
    "AsyncWorker",
    "Backoff",
    "Bounces",
    "Content",
    "Event",
    "Limits",
    "MessageStatus",
    "OnUnknown",
    "RecipientResult",
    "RecipientStatus",
    "Stage",
    "State",
    "Stats",
    "Suppression",
    "Ticket",
    "Worker",
]

_ROOMS = {
    "AccountRules": "outbox.account_rules",
    "AccountState": "outbox.account_state",
    "AsyncWorker": "client.worker",
    "Backoff": "outbox.policy",
    "Bounces": "outbox.submitting",
    "Limits": "outbox.account_rules",
    "OnUnknown": "outbox.account_rules",
    "Worker": "client.worker",
}

__getattr__, __dir__ = face(__name__, __all__, _ROOMS, "outbox.model")
