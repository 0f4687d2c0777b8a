"""What of an account's limits is used: never more than allowed in any window, and nearly all of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.outbox.account_rules import Limits
from envoi.outbox.account_state import AccountState, admit, hold_connections

START = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _instants(
    limits: Limits, seconds: int, *, step: float, batch: int = 50, recipients: int = 1
) -> list[float]:
    """When messages leave, if there are always more and somebody asks every `step` seconds."""
    state, left = AccountState(), []
    for tick in range(int(seconds / step)):
        now = START + timedelta(seconds=tick * step)
        admission = admit(limits, AccountState.from_json(state.to_json()), [recipients] * batch, now)
        state = admission.state
        left += [(instant - START).total_seconds() for instant in admission.instants]
    return [instant for instant in left if instant < seconds]


def _most_in_any(length: float, instants: list[float]) -> int:
    return max(
        sum(1 for other in instants[index:] if other < first + length) for index, first in enumerate(instants)
    )


@pytest.mark.parametrize("rate", [0.5, 3, 10, 100])
def test_a_second_is_nearly_full_and_never_over(rate: float) -> None:
    instants = _instants(Limits(messages_per_second=rate), 20, step=0.1)
    assert _most_in_any(1, instants) <= max(rate, 1)
    assert len(instants) >= 0.95 * rate * 20


@pytest.mark.parametrize("limit", [120, 2000])
def test_an_hour_is_nearly_full_and_never_over(limit: int) -> None:
    instants = _instants(Limits(messages_per_hour=limit), 5 * 3600, step=20)
    assert _most_in_any(3600, instants) <= limit
    assert len(instants) >= 0.95 * limit * 5


def test_a_large_message_waits_until_enough_of_the_window_is_free() -> None:
    limits, state = Limits(recipients_per_day=10), AccountState()
    for hours in range(5):
        state = admit(limits, state, [2], START + timedelta(hours=hours)).state
    wake_at = admit(limits, state, [5], START + timedelta(hours=5)).wake_at
    assert wake_at is not None
    assert timedelta(hours=26) <= wake_at - START <= timedelta(hours=27)


def test_a_burst_may_use_a_day_at_once() -> None:
    assert len(admit(Limits(messages_per_day=500), AccountState(), [1] * 600, START).instants) == 500


def test_recipients_count_each() -> None:
    admission = admit(Limits(recipients_per_day=10), AccountState(), [4, 4, 4], START)
    assert len(admission.instants) == 2
    assert admission.wake_at is not None
    assert admission.wake_at > START + timedelta(days=1)


def test_a_message_larger_than_the_limit_leaves_into_an_empty_window() -> None:
    limits = Limits(recipients_per_day=10)
    assert len(admit(limits, AccountState(), [50], START).instants) == 1
    used = admit(limits, AccountState(), [1], START).state
    waiting = admit(limits, used, [50], START)
    assert waiting.instants == ()
    assert waiting.wake_at is not None
    assert len(admit(limits, used, [50], waiting.wake_at).instants) == 1


def test_without_limits_everything_leaves_now() -> None:
    admission = admit(Limits(), AccountState(), [1, 100], START)
    assert admission.instants == (START, START)
    assert admission.state == AccountState()
    assert admission.wake_at is None


def test_a_pause_lets_nothing_leave() -> None:
    admission = admit(Limits(), AccountState(paused_until=START.timestamp() + 9), [1], START)
    assert admission.instants == ()
    assert admission.wake_at == START + timedelta(seconds=9)


def test_a_clock_that_jumps_back_still_keeps_the_limit() -> None:
    state = admit(Limits(messages_per_hour=10), AccountState(), [1] * 10, START).state
    assert admit(Limits(messages_per_hour=10), state, [1], START - timedelta(minutes=10)).instants == ()


def test_a_clock_set_back_pauses_nobody_for_long() -> None:
    ahead = START + timedelta(days=300)
    limits = Limits(messages_per_second=1, messages_per_hour=10, connections=1)
    state = admit(limits, AccountState(), [1] * 5, ahead).state
    state = hold_connections(limits, replace(state, paused_until=ahead.timestamp()), "a", 1, ahead, 60)[1]
    assert len(admit(limits, state, [1] * 9, START).instants) == 1
    assert hold_connections(limits, state, "b", 1, START, 60)[0] == 1


def test_the_first_after_a_failure_leaves_alone() -> None:
    probe = admit(Limits(), AccountState(failures=3), [1] * 5, START)
    assert probe.instants == (START,)
    assert probe.state.probing
    assert admit(Limits(), probe.state, [1], START + timedelta(seconds=60)).instants == ()
    assert probe.wake_at is not None
    assert len(admit(Limits(), probe.state, [1], probe.wake_at).instants) == 1


def test_a_pace_that_was_learnt_is_kept() -> None:
    state, left = AccountState(pace=0.5), 0
    for second in range(20):
        admission = admit(Limits(messages_per_second=100), state, [1] * 50, START + timedelta(seconds=second))
        state, left = admission.state, left + len(admission.instants)
    assert 38 <= left <= 42


@given(
    st.builds(
        AccountState,
        clock=st.floats(0, 1e10),
        used=st.dictionaries(st.text(), st.dictionaries(st.integers(), st.integers())),
        paused_until=st.floats(0, 1e10),
        failures=st.integers(0),
        probing=st.booleans(),
        pace=st.floats(0, 60),
        connections=st.dictionaries(st.text(), st.tuples(st.integers(), st.floats(0, 1e10))),
    )
)
def test_is_read_back_as_it_was(state: AccountState) -> None:
    assert AccountState.from_json(state.to_json()) == state


def test_ignores_what_a_later_version_wrote() -> None:
    assert AccountState.from_json('{"failures": 2, "mood": "good"}') == AccountState(failures=2)


def test_connections_are_shared_out_and_come_back() -> None:
    limits = Limits(connections=5)
    first, state = hold_connections(limits, AccountState(), "a", 3, START, 60)
    second, state = hold_connections(limits, state, "b", 3, START, 60)
    assert (first, second) == (3, 2)
    third, state = hold_connections(limits, state, "c", 1, START, 60)
    assert third == 0
    assert hold_connections(limits, state, "c", 9, START + timedelta(seconds=61), 60)[0] == 5
    gone, state = hold_connections(limits, state, "a", 0, START, 60)
    assert gone == 0
    assert "a" not in state.connections
    assert hold_connections(limits, state, "c", 9, START, 60)[0] == 3


def test_without_a_limit_connections_are_as_wished() -> None:
    assert hold_connections(Limits(), AccountState(), "a", 40, START, 60)[0] == 40
