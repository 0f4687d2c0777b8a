"""What an account learns from its server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from envoi.outbox.account_changes import reached, slowed, unreachable, untold
from envoi.outbox.account_rules import Limits
from envoi.outbox.account_state import AccountState, admit

START = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _probe(state: AccountState) -> tuple[AccountState, datetime]:
    """The state after the pause, when somebody tries again, and the instant."""
    now = datetime.fromtimestamp(state.paused_until, UTC)
    admission = admit(Limits(), state, [1] * 9, now)
    assert len(admission.instants) == 1
    return admission.state, now


def test_each_failed_probe_pauses_longer_up_to_ten_minutes() -> None:
    state, now, pauses = AccountState(), START, []
    for _ in range(12):
        state = unreachable(now, 1.0)(state)
        pauses.append(state.paused_until - now.timestamp())
        state, now = _probe(state)
    assert pauses[:3] == [5, 10, 20]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 600


def test_the_same_failure_found_by_many_counts_once() -> None:
    state = unreachable(START, 0.0)(AccountState())
    assert unreachable(START + timedelta(seconds=1), 1.0)(state) is state
    assert slowed(START + timedelta(seconds=1), 1.0)(state) is state
    assert state.failures == 1


def test_a_probe_that_succeeds_ends_the_pause() -> None:
    state, _ = _probe(unreachable(START, 1.0)(AccountState()))
    assert reached(1)(state) == AccountState()


def test_a_probe_that_tells_nothing_leaves_the_way_to_another() -> None:
    paused = unreachable(START, 1.0)(AccountState())
    assert untold(paused) is paused
    probing, now = _probe(paused)
    assert admit(Limits(), probing, [1], now).instants == ()
    free = untold(probing)
    assert free.failures == 1
    assert len(admit(Limits(), free, [1] * 9, now).instants) == 1


def test_a_success_from_before_the_pause_leaves_it() -> None:
    state = slowed(START, 1.0)(AccountState())
    after = reached(1)(state)
    assert after.paused_until == state.paused_until == START.timestamp() + 30
    assert after.failures == 1


def test_the_pace_is_halved_again_and_again_and_recovers() -> None:
    state, now = slowed(START, 1.0)(AccountState()), START
    assert state.pace == 0.1
    for expected in (0.2, 0.4):
        probing, now = _probe(state)
        state = slowed(now, 1.0)(probing)
        assert state.pace == expected
    state = reached(1)(_probe(state)[0])
    assert 0.3 < state.pace < 0.4
    assert reached(300)(state).pace == 0
