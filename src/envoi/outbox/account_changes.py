"""What an account learns from its server: pauses that grow, a pace that is halved and recovers. Pure.

Each function is a change of `AccountState` for `Store.change_account`, applied under the account's lock. That
a paused account lets one probe through is `account_state.admit`'s; which of these changes follows from an
attempt is decided in `policy`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envoi.outbox.account_state import LONGEST_PAUSE

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from envoi.outbox.account_state import AccountState

__all__ = ["FAILOVER_AFTER", "reached", "slowed", "unreachable", "untold"]

#: After so many failures in a row the messages go to the account's failover.
FAILOVER_AFTER = 3
#: The first pause after a failure to reach the server, and the longest, seconds.
TROUBLE, LONGEST_TROUBLE = 5.0, 600.0
#: The first pause after the server said that it is too much, seconds.
THROTTLED = 30.0
#: The pace that is learnt first, and the slowest, seconds between messages.
FIRST_PACE, SLOWEST_PACE = 0.1, 60.0
#: How much of its pace an account keeps with each message that the server takes, and when it is forgotten.
RECOVERY, FORGOTTEN = 0.98, 0.02


def unreachable(now: datetime, jitter: float) -> Callable[[AccountState], AccountState]:
    """The server cannot be reached, secured or logged in to: pause, longer each time.

    Args:
        now: the instant, of the engine's clock.
        jitter: a random number from 0 to 1.
    """
    return lambda state: _paused(state, now, TROUBLE, LONGEST_TROUBLE, jitter)


def slowed(now: datetime, jitter: float) -> Callable[[AccountState], AccountState]:
    """The server said that it is too much (421, 4.7.x, …): pause, and go at half the pace then."""

    def change(state: AccountState) -> AccountState:
        changed = _paused(state, now, THROTTLED, LONGEST_PAUSE, jitter)
        if changed is state:
            return state
        return replace(changed, pace=min(max(2 * state.pace, FIRST_PACE), SLOWEST_PACE))

    return change


def reached(messages: int) -> Callable[[AccountState], AccountState]:
    """The server took so many messages: a probe ends the pause, and the pace recovers."""

    def change(state: AccountState) -> AccountState:
        pace = state.pace * RECOVERY**messages
        state = replace(state, pace=pace if pace > FORGOTTEN else 0.0)
        if state.failures and not state.probing:
            # Taken before the pause began, which stands.
            return state
        return replace(state, failures=0, probing=False, paused_until=0.0)

    return change


def untold(state: AccountState) -> AccountState:
    """A probe told nothing of the server, such as one whose time was over: the next message is the probe."""
    return replace(state, probing=False, paused_until=0.0) if state.probing else state


def _paused(state: AccountState, now: datetime, first: float, longest: float, jitter: float) -> AccountState:
    """The state with a pause; as it is when somebody else found the same and the pause has begun."""
    moment = now.timestamp()
    if moment < state.paused_until <= moment + LONGEST_PAUSE and not state.probing:
        return state
    span = min(first * 2.0 ** min(state.failures, 16), longest)
    # Half of it by chance, so that workers do not come back all at once.
    until = moment + span * (0.5 + jitter / 2)
    return replace(state, failures=state.failures + 1, probing=False, paused_until=until)
