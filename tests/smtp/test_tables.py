"""The law of the dialogue: nothing in it is out of reach, and nothing is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi.smtp.commands import Verb
from envoi.smtp.tables import LAST_IN_GROUP, TRANSITIONS, Outcome, State

if TYPE_CHECKING:
    from collections.abc import Iterator


def edges() -> Iterator[tuple[State, Verb, Outcome, State]]:
    """Every change of state in the table."""
    for state, row in TRANSITIONS.items():
        for verb, outcomes in row.items():
            for outcome, following in outcomes.items():
                yield state, verb, outcome, following
    # Not a reply but the handshake itself leads on from here.
    yield State.HANDSHAKE, Verb.STARTTLS, Outcome.DONE, State.GREETED


def reachable(start: State) -> set[State]:
    """The states that can follow, by any number of steps."""
    found, fresh = set[State](), {start}
    while fresh:
        found |= fresh
        fresh = {after for state, _, _, after in edges() if state in found} - found
    return found


def test_every_state_has_a_row() -> None:
    assert TRANSITIONS.keys() == set(State)


def test_every_state_can_be_reached() -> None:
    assert reachable(State.CONNECTED) == set(State)


@pytest.mark.parametrize("state", [state for state in State if state is not State.CLOSED])
def test_every_dialogue_can_be_closed(state: State) -> None:
    assert State.CLOSED in reachable(state)


@pytest.mark.parametrize("verb", list(Verb))
def test_every_verb_may_be_said_somewhere(verb: Verb) -> None:
    assert any(verb in row for row in TRANSITIONS.values())


def test_what_must_be_waited_for_ends_its_group() -> None:
    """Behaviour 104: RFC 2920 §3.1 lets these travel in the middle of a group, and no others."""
    in_the_middle = {Verb.RSET, Verb.MAIL, Verb.RCPT, Verb.CONTENT, Verb.BDAT, Verb.BDAT_LAST}
    assert set(Verb) - in_the_middle == LAST_IN_GROUP


@pytest.mark.parametrize("state", [State.HANDSHAKE, State.AUTH, State.CONTENT, State.CONNECTED])
def test_nothing_comes_in_between(state: State) -> None:
    """In these states only one thing may happen; another command there would be read as something else."""
    assert len(TRANSITIONS[state]) <= 1


@pytest.mark.parametrize("state", [State.MAIL, State.RCPT, State.CHUNKS, State.SPOILT])
def test_a_transaction_can_be_given_up(state: State) -> None:
    """Behaviour 84."""
    assert TRANSITIONS[state][Verb.RSET][Outcome.DONE] is State.READY


def test_starttls_and_auth_stand_outside_transactions() -> None:
    assert {state for state, row in TRANSITIONS.items() if {Verb.STARTTLS, Verb.AUTH} & row.keys()} == {
        State.READY
    }
