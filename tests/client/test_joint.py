"""Threads that send together over one session, and what both colours have in common."""

from __future__ import annotations

import os
import signal
from collections import Counter
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from envoi import (
    Accepted,
    ConfigError,
    InvalidAddress,
    Receipt,
    RecipientsRejected,
    SMTPSession,
    UsageError,
)
from envoi.session.tally import MAYBE_REMEDY
from envoi.testing import SMTPServer, faults
from tests.client.crowds import (
    MANY,
    SPEECHLESS,
    check,
    driven,
    joining_of,
    meeting,
    resets,
    sending,
    to_nobody,
    together,
)
from tests.client.test_session import ENVELOPE, RAW, in_a_child, numbered, subjects

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.client.colours import Colour


@pytest.mark.parametrize("window", [0, -1, "2"])
def test_refuses_a_window_that_is_none(colour: Colour, window: Any) -> None:
    with pytest.raises(ConfigError, match="window="):
        colour.session("mail.example.org", window=window)


def test_those_who_send_at_the_same_time_share_flights(colour: Colour, server: SMTPServer) -> None:
    results = together(colour, server, {number: numbered(number) for number in range(MANY)})
    assert all(isinstance(result, Receipt) for result in results.values())
    check(results, server)
    assert len(server.dialogues) == 1
    assert resets(server) == MANY - 1


def test_no_more_are_unanswered_than_the_window_holds(colour: Colour, server: SMTPServer) -> None:
    server.faults.append(faults.drop("CONTENT", nth=1, before_reply=True))
    results = together(colour, server, {number: numbered(number) for number in range(MANY)}, window=4)
    doubtful = [result for result in results.values() if getattr(result, "accepted", None) is Accepted.MAYBE]
    assert len(doubtful) == 4
    assert sum(isinstance(result, Receipt) for result in results.values()) == MANY - 4
    check(results, server)


def test_what_is_refused_takes_nobody_along(colour: Colour, server: SMTPServer) -> None:
    server.faults.append(faults.reply("RCPT", "550 5.1.1 no such user", address="no@example.org"))
    mails = {number: (to_nobody if number % 3 == 1 else numbered)(number) for number in range(MANY)}
    results = together(colour, server, mails)
    for number, result in results.items():
        assert type(result) is (RecipientsRejected if number % 3 == 1 else Receipt)
    assert len({id(result) for result in results.values()}) == MANY
    check(results, server)


@pytest.mark.parametrize("way", [faults.drop, faults.reset])
@pytest.mark.parametrize("at", ["MAIL", "RCPT", "CONTENT"])
@pytest.mark.parametrize("chunking", [True, False])
def test_a_link_that_breaks_leaves_each_with_the_truth(
    colour: Colour, server: SMTPServer, way: Any, at: str, chunking: bool
) -> None:
    server.faults.append(way(at, nth=5, before_reply=True))
    if not chunking:
        server.faults.append(faults.hide("CHUNKING"))
    results = together(colour, server, {number: numbered(number) for number in range(MANY)})
    assert len(results) == MANY
    check(results, server)
    assert any(isinstance(result, Receipt) for result in results.values())


def test_a_goodbye_costs_no_mail(colour: Colour, server: SMTPServer) -> None:
    server.faults.append(faults.reply("MAIL", "421 4.7.0 too many messages", nth=5))
    results = together(colour, server, {number: numbered(number) for number in range(MANY)})
    assert all(isinstance(result, Receipt) for result in results.values())
    check(results, server)
    assert len(server.dialogues) == 2


def test_one_at_a_time_is_as_ever(colour: Colour, server: SMTPServer) -> None:
    """A window is no promise that others come."""
    told = list[int]()
    with colour.session(**server.session_options(), window=8) as session:
        for number in range(3):
            session.send(numbered(number))
        session.send(numbered(3), progress=lambda sent, total: told.append(sent))
        with pytest.raises(InvalidAddress):
            session.send(RAW, sender="a@example.org", recipients=["b\r\nRSET@example.org"])
        with pytest.raises(UsageError):
            session.send(b"no envelope")
        assert session.noop().code == 250
    with pytest.raises(UsageError, match="session is closed"):
        session.send(numbered(4))
    assert subjects(server) == ["0", "1", "2", "3"]
    assert told
    assert len(server.dialogues) == 1


def test_lmtp_has_no_window(colour: Colour) -> None:
    with SMTPServer(security="plaintext", protocol="lmtp") as server:
        results = together(colour, server, {number: numbered(number) for number in range(4)})
    assert all(isinstance(result, Receipt) for result in results.values())


def test_an_url_and_options_say_it(colour: Colour, server: SMTPServer) -> None:
    with colour.from_url(server.url, window=3) as session:
        assert session.send(RAW, **ENVELOPE).accepted


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signals to threads on this system")
def test_ctrl_c_in_the_thread_that_drives_leaves_the_others_with_the_truth(
    server: SMTPServer, press_ctrl_c: Callable[[], None]
) -> None:
    """The main thread drives for two others; a third comes when they are under way."""
    server.faults.extend(SPEECHLESS)
    results = dict[int, Any]()
    with SMTPSession(**server.session_options(), window=8) as session:
        threads = [Thread(target=sending(session, number, numbered(number), results)) for number in range(3)]

        def interrupt() -> None:
            while len(server.messages) < 3:
                pass
            threads[2].start()
            while not joining_of(session).waiting:
                pass
            press_ctrl_c()

        killer = Thread(target=interrupt)
        with driven(session):
            for number in range(2):
                threads[number].start()
            while len(joining_of(session).slots) < 2:
                pass
        killer.start()
        with pytest.raises(KeyboardInterrupt) as caught:
            session.send(numbered(7))
        for thread in [*threads, killer]:
            thread.join()
    assert caught.value.__notes__ == [MAYBE_REMEDY]
    assert [results[number].accepted is Accepted.MAYBE for number in range(2)] == [True, True]
    assert isinstance(results[2], Receipt)
    check(results, server)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signals to threads on this system")
@pytest.mark.parametrize("busy", [True, False], ids=["with mails", "otherwise"])
def test_ctrl_c_in_the_queue_takes_the_mail_back(
    server: SMTPServer, press_ctrl_c: Callable[[], None], busy: bool
) -> None:
    with SMTPSession(**server.session_options(), window=8) as session:

        def interrupt() -> None:
            while len(joining_of(session).slots) < 1:
                pass
            press_ctrl_c()

        killer = Thread(target=interrupt)
        killer.start()
        occupied = driven(session) if busy else session._lock.held
        with occupied, pytest.raises(KeyboardInterrupt) as caught:
            session.send(numbered(1))
        killer.join()
        assert not hasattr(caught.value, "__notes__")
        session.send(numbered(2))
    assert subjects(server) == ["2"]


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signals to threads on this system")
def test_ctrl_c_while_another_thread_sends_the_mail_along(
    server: SMTPServer, press_ctrl_c: Callable[[], None]
) -> None:
    with SMTPSession(**server.session_options(), window=8) as session:
        joining = joining_of(session)

        def interrupt() -> None:
            while len(joining.slots) < 1:
                pass
            joining._taken.append(joining._queue.popleft())
            press_ctrl_c()

        killer = Thread(target=interrupt)
        killer.start()
        with driven(session), pytest.raises(KeyboardInterrupt) as caught:
            session.send(numbered(1))
        killer.join()
        assert caught.value.__notes__ == [MAYBE_REMEDY]


def test_a_mail_that_was_lost_between_two_threads_is_in_doubt(server: SMTPServer) -> None:
    with SMTPSession(**server.session_options(), window=8) as session:
        results = dict[int, Any]()
        with meeting(session, 0) as begin:
            begin(sending(session, 1, numbered(1), results))
            while not joining_of(session)._queue:
                pass
            joining_of(session)._queue.popleft()
    assert [result.accepted for result in results.values()] == [Accepted.MAYBE]


def test_threads_that_go_on_sending_share_turns(server: SMTPServer) -> None:
    """Who has its result comes back beside those who drive, and does not wait for them."""

    def work(first: int) -> None:
        for number in range(first, first + 5):
            session.send(numbered(number))

    with SMTPSession(**server.session_options(), window=8) as session:
        threads = [Thread(target=work, args=(5 * index,)) for index in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert Counter(subjects(server)) == Counter(map(str, range(40)))
    assert len(server.dialogues) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_sends_nothing_of_its_parent(server: SMTPServer) -> None:
    with SMTPSession(**server.session_options(), window=8) as session:
        session.send(numbered(1))
        with meeting(session, 1) as begin:
            begin(sending(session, 2, numbered(2), {}))
            while not joining_of(session).waiting:
                pass
            assert in_a_child(lambda: session.send(numbered(3))) == ""
    assert subjects(server) == ["1", "3", "2"]
