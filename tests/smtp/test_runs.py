"""Replies in runs: several commands that were said together, and answers that are taken in one step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import LocalProtocolError
from envoi.smtp import commands
from envoi.smtp.client import ClientMachine
from envoi.smtp.commands import Verb
from envoi.smtp.tables import State
from tests.smtp.chunkings import cut, places
from tests.smtp.wired import hear


def in_transaction(*verbs: Verb) -> ClientMachine:
    """A machine that expects the replies to these, sent from READY."""
    machine = ClientMachine()
    hear(machine, b"220 hi\r\n")
    machine.send(commands.ehlo("client.example"))
    hear(machine, b"250 hello\r\n")
    machine.expect(verbs)
    return machine


FLIGHT = (Verb.MAIL, Verb.RCPT, Verb.RCPT, Verb.BDAT_LAST)


def test_commands_spelt_elsewhere_obey_the_same_law() -> None:
    machine = in_transaction(*FLIGHT)
    assert machine.outstanding == 4
    with pytest.raises(LocalProtocolError, match="RCPT may not be sent in state 'ready'"):
        machine.expect((Verb.RCPT,))
    machine.expect((Verb.RSET, *FLIGHT[:3], Verb.DATA))
    with pytest.raises(LocalProtocolError, match="RSET may not follow DATA"):
        machine.expect((Verb.RSET,))
    assert machine.outstanding == 9


def test_positive_replies_of_a_transaction_are_one_step() -> None:
    machine = in_transaction(*FLIGHT, *FLIGHT)
    machine.receive(b"250 a\r\n250 b\r\n251 c\r\n250 2.0.0 d\r\n250 e\r\n550 f\r\n250 ")
    run = machine.next_run()
    assert run is not None
    assert (tuple(run[0]), str(run[1]), machine.state) == (FLIGHT, "250 2.0.0 d", State.READY)
    run = machine.next_run()
    assert run is not None
    assert (tuple(run[0]), str(run[1]), machine.state) == ((Verb.MAIL,), "250 e", State.MAIL)
    run = machine.next_run()
    assert run is not None
    assert (tuple(run[0]), str(run[1]), machine.state) == ((Verb.RCPT,), "550 f", State.MAIL)
    assert machine.next_run() is None


@given(
    st.lists(st.sampled_from(["250 ok", "251 x", "250-a\r\n250 b", "250", "450 no", "550 no", "250 \x01"])),
    places,
)
def test_in_runs_or_one_by_one_the_state_is_the_same(replies: list[str], where: list[int]) -> None:
    verbs = (Verb.RSET, *FLIGHT, Verb.RSET, *FLIGHT)
    octets = "".join(f"{one}\r\n" for one in replies[: len(verbs)]).encode()
    single, runs = in_transaction(*verbs), in_transaction(*verbs)
    for piece in cut(octets, where):
        single.receive(piece)
        runs.receive(piece)
        heard = [answer[0] for answer in iter(single.next_reply, None)]
        assert [verb for run in iter(runs.next_run, None) for verb in run[0]] == heard
        assert (runs.state, runs.outstanding) == (single.state, single.outstanding)


@pytest.mark.parametrize(
    ("last", "good", "bad", "state"),
    [(Verb.BDAT_LAST, "250 ok", "354 go", State.READY), (Verb.DATA, "354 go", "250 ok", State.CONTENT)],
)
def test_a_whole_transaction_is_one_step(last: Verb, good: str, bad: str, state: State) -> None:
    verbs = (*FLIGHT[:3], last)
    machine = in_transaction(*verbs)
    machine.receive(b"250 a\r\n250 b\r\n250 c\r\n")
    machine.receive(f"{good}\r\n".encode())
    run = machine.next_run(verbs)
    assert run is not None
    assert run[0] is verbs
    assert (str(run[1]), machine.state, machine.outstanding) == (good, state, 0)
    machine = in_transaction(*verbs)
    machine.receive(f"250 a\r\n250 b\r\n250 c\r\n{bad}\r\n".encode())
    run = machine.next_run(verbs)
    assert run is not None
    assert tuple(run[0]) == verbs[:3]


@given(
    st.lists(st.sampled_from(["250 ok", "251 x", "250-a\r\n250 b", "250", "450 no", "550 no"]), max_size=10),
    places,
)
def test_whole_or_in_runs_the_state_is_the_same(replies: list[str], where: list[int]) -> None:
    whole = (Verb.RSET, *FLIGHT)
    octets = "".join(f"{one}\r\n" for one in replies).encode()
    wholly, runs = in_transaction(*whole, *whole), in_transaction(*whole, *whole)
    for piece in cut(octets, where):
        wholly.receive(piece)
        runs.receive(piece)
        heard = [verb for run in iter(runs.next_run, None) for verb in run[0]]
        answers = list[Verb]()
        # The next transaction begins where the last one ended, and only there is it known to be whole.
        while run := wholly.next_run(whole if wholly.outstanding % len(whole) == 0 else ()):
            answers += run[0]
        assert answers == heard
        assert (wholly.state, wholly.outstanding) == (runs.state, runs.outstanding)


def test_a_secret_is_no_part_of_a_run_either() -> None:
    machine = in_transaction(*FLIGHT)
    machine.redactor.hide("open sesame")
    machine.receive(b"250 ok\r\n" * 3 + b"250 open sesame\r\n")
    run = machine.next_run()
    assert run is not None
    assert "sesame" not in str(run[1])
    machine.expect(FLIGHT)
    machine.receive(b"250 ok\r\n" * 3 + b"250 open sesame\r\n")
    run = machine.next_run(FLIGHT)
    assert run is not None
    assert run[0] is FLIGHT
    assert "sesame" not in str(run[1])


def test_a_message_in_one_piece_comes_after_354() -> None:
    machine = in_transaction(*FLIGHT[:3], Verb.DATA)
    with pytest.raises(LocalProtocolError, match="before 354"):
        machine.expect_content()
    hear(machine, b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n")
    machine.expect_content()
    machine.expect(FLIGHT)
    assert machine.expected is Verb.CONTENT
