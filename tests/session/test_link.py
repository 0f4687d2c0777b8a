"""A connection with its dialogue: whose turn it is, how long it takes, and that nothing survives a mishap."""

from __future__ import annotations

import pytest

from envoi.errors import (
    DeadlineExceeded,
    Disconnected,
    LocalProtocolError,
    Phase,
    RemoteProtocolError,
    Retry,
)
from envoi.ports import TLSOptions
from envoi.session.link import PHASES, Link
from envoi.session.run import run_sync
from envoi.session.timeouts import Timeouts
from envoi.smtp import commands
from envoi.smtp.commands import Verb
from tests.session.spool import TLS, Spool, link_over

GREETING = b"220 mail.example.org\r\n"
HELLO = b"250-mail.example.org\r\n250 PIPELINING\r\n"


class Later(list[bytes]):
    """Marks what arrives only when it was waited for."""


def broken(text: str = "reset") -> Disconnected:
    """What a driver raises."""
    return Disconnected(text, phase=Phase.COMMAND)


def ready(*reads: bytes | BaseException, **options: object) -> tuple[Link, Spool]:
    """A link after EHLO, and what it then finds."""
    spool = Spool(GREETING, HELLO)
    spool.polls = False
    link = link_over(spool, **options)  # type: ignore[arg-type]
    run_sync(link.hear())
    run_sync(link.exchange(commands.ehlo("client.example")))
    spool.written.clear()
    spool.timeouts.clear()
    spool.reads.extend(reads)
    return link, spool


def in_content(*reads: bytes | BaseException) -> tuple[Link, Spool]:
    """A link after 354."""
    link, spool = ready(b"250 ok\r\n250 ok\r\n354 go\r\n")
    group = [commands.mail("a@example.org"), commands.rcpt("b@example.org"), commands.data()]
    run_sync(link.say(group))
    for _ in group:
        run_sync(link.hear())
    link.begin(Phase.CONTENT)
    spool.reads.extend(reads)
    return link, spool


def test_every_verb_has_a_phase() -> None:
    assert PHASES.keys() == set(Verb)


def test_exchanges_a_command_for_its_reply() -> None:
    link, spool = ready(b"250 fine\r\n")
    assert run_sync(link.exchange(commands.noop())).text == "fine"
    assert spool.written == b"NOOP\r\n"
    assert spool.timeouts == [60.0, 60.0]


@pytest.mark.parametrize("early", [b"250 ok\r\n", b"2", b"\r\n"])
def test_looks_before_it_speaks(early: bytes) -> None:
    """Behaviour 108: replies that were there before the command answer nothing."""
    link, spool = ready(early)
    spool.polls = True
    with pytest.raises(RemoteProtocolError, match="the server sent") as caught:
        run_sync(link.exchange(commands.noop()))
    assert caught.value.phase is Phase.COMMAND
    assert spool.written == b""
    assert not link.alive
    assert spool.done == ["abort"]


def test_does_not_speak_to_who_has_left() -> None:
    link, spool = ready(b"")
    spool.polls = True
    with pytest.raises(Disconnected, match="closed the connection") as caught:
        run_sync(link.exchange(commands.mail("a@example.org")))
    assert (caught.value.phase, caught.value.retry) == (Phase.MAIL, Retry.NOW)
    assert spool.written == b""


def test_does_not_speak_to_who_has_said_goodbye() -> None:
    link, spool = ready(b"421 4.4.2 idle for too long\r\n")
    spool.polls = True
    with pytest.raises(Disconnected, match="ended the session: 421") as caught:
        run_sync(link.exchange(commands.noop()))
    assert caught.value.reply is not None
    assert caught.value.retry is Retry.NOW
    assert spool.written == b""


def test_refuses_what_is_out_of_order_and_writes_nothing() -> None:
    link, spool = ready()
    with pytest.raises(LocalProtocolError) as caught:
        run_sync(link.say([commands.data()]))
    assert caught.value.phase is Phase.DATA
    assert spool.written == b""
    assert not link.alive


def test_keeps_replies_that_arrive_together() -> None:
    link, spool = ready(b"250 ok\r\n550 no\r\n")
    run_sync(link.say([commands.mail("a@example.org"), commands.rcpt("b@example.org")]))
    heard = [run_sync(link.hear()) for _ in range(2)]
    assert [(verb, reply.code) for verb, reply in heard] == [(Verb.MAIL, 250), (Verb.RCPT, 550)]
    assert len(spool.timeouts) == 2


def test_hears_a_goodbye_that_answers_nothing() -> None:
    link, spool = ready(b"421 4.3.2 shutting down\r\n")
    assert run_sync(link.hear())[1].code == 421
    assert not link.alive
    assert spool.done == ["abort"]


def test_says_nothing_while_the_server_owes_a_reply() -> None:
    link, _ = ready()
    run_sync(link.say([commands.rset()]))
    with pytest.raises(LocalProtocolError, match="1 replies are still to come"):
        run_sync(link.say([commands.noop()]))


def test_a_reply_has_one_time_for_all_its_octets() -> None:
    """Behaviour 112."""
    link, spool = ready(*[b"2"] * 100)
    spool.seconds_per_read = 7.0
    with pytest.raises(DeadlineExceeded, match="took too long"):
        run_sync(link.exchange(commands.noop()))
    assert spool.clock.monotonic() == 63.0
    assert spool.timeouts[1:] == [60.0, 53.0, 46.0, 39.0, 32.0, 25.0, 18.0, 11.0, 4.0]


def test_waits_for_ever_when_told_so() -> None:
    link, spool = ready(b"250 ok\r\n", timeouts=Timeouts.of(None))
    run_sync(link.exchange(commands.noop()))
    assert spool.timeouts == [None, None]


def test_a_deadline_goes_before_a_timeout() -> None:
    link, spool = ready(b"2", b"50 ok\r\n", timeouts=Timeouts.of(None))
    link.deadline_at = 10.0
    spool.seconds_per_read = 6.0
    run_sync(link.exchange(commands.noop()))
    assert spool.timeouts == [10.0, 10.0, 4.0]


def test_nothing_is_said_after_the_deadline() -> None:
    link, spool = ready()
    link.deadline_at = 0.0
    with pytest.raises(DeadlineExceeded) as caught:
        run_sync(link.exchange(commands.noop()))
    assert caught.value.phase is Phase.COMMAND
    assert spool.written == b""


def test_replies_that_came_before_a_lost_link_still_count() -> None:
    """Behaviour 116: a write error is not the end of the story."""
    link, spool = ready(b"250 ok\r\n550 no\r\n", b"")
    spool.writes.append(broken("while writing"))
    group = [commands.mail("a@example.org"), commands.rcpt("b@example.org"), commands.rcpt("c@example.org")]
    run_sync(link.say(group))
    assert [run_sync(link.hear())[1].code for _ in range(2)] == [250, 550]
    with pytest.raises(Disconnected, match="while writing") as caught:
        run_sync(link.hear())
    assert caught.value.phase is Phase.RCPT


@pytest.mark.parametrize(
    "failure", [broken(), DeadlineExceeded("stuck", phase=Phase.COMMAND), KeyboardInterrupt()]
)
def test_any_failure_ends_the_link(failure: BaseException) -> None:
    """Behaviour 125."""
    link, spool = ready(failure)
    with pytest.raises(type(failure)):
        run_sync(link.exchange(commands.noop()))
    assert not link.alive
    assert spool.done == ["abort"]


def test_a_message_that_is_refused_while_it_is_written() -> None:
    """Behaviour 99: and what stands behind the refusal is its last line."""
    link, spool = in_content(b"250", b"-no\r\n", b"")
    spool.polls = True
    with pytest.raises(Disconnected, match="while it was being sent the message"):
        run_sync(link.overheard())
    link, spool = in_content(b"552 too large\r\n421 bye\r\n")
    assert run_sync(link.overheard()) is None
    spool.polls = True
    assert str(run_sync(link.overheard())) == "421 bye"
    assert not link.alive


def test_a_message_that_is_accepted_before_it_was_sent() -> None:
    """Behaviours 88 and 108."""
    link, spool = in_content(b"250 queued\r\n", b"")
    spool.polls = True
    with pytest.raises(RemoteProtocolError, match="answered 250 to a message it has not got"):
        run_sync(link.overheard())


def test_a_write_error_whose_reason_is_waiting() -> None:
    """Behaviour 99: after a write error, read once more."""
    link, spool = in_content(b"552 5.3.4 too ", b"large\r\n", b"")
    spool.writes.append(broken())
    run_sync(link.write(b"x"))
    assert str(run_sync(link.overheard())) == "552 5.3.4 too large"


@pytest.mark.parametrize("rest", [[], [b""], [broken("reset by peer")]])
def test_a_write_error_without_a_reason(rest: list[bytes | BaseException]) -> None:
    link, spool = in_content(*rest)
    spool.polls = bool(rest)
    spool.writes.append(broken("while writing"))
    run_sync(link.write(b"x"))
    with pytest.raises(Disconnected) as caught:
        run_sync(link.overheard())
    assert caught.value.phase is Phase.CONTENT
    assert not link.alive


def test_last_words_are_not_waited_for_long() -> None:
    """Behaviour 112: one octet at a time holds nobody."""
    link, spool = in_content(*[b"5"] * 5000)
    spool.polls = True
    spool.seconds_per_read = 1.0
    with pytest.raises(Disconnected):
        run_sync(link.overheard())
    assert spool.clock.monotonic() <= 3.0


def test_a_glance_waits_for_nothing() -> None:
    link, spool = ready(b"250 o", b"k\r\n", b"")
    run_sync(link.say([commands.noop()]))
    run_sync(link.glance())
    assert link.heard() is None
    spool.polls = True
    run_sync(link.glance())
    assert link.heard() is None
    run_sync(link.glance())
    assert link.heard() is not None
    with pytest.raises(Disconnected):
        run_sync(link.glance())
    assert spool.timeouts == [60.0]


def test_tls_from_the_first_octet_needs_no_agreement() -> None:
    spool = Spool()
    link = link_over(spool)
    assert run_sync(link.start_tls(TLSOptions(), "mail.example.org")) is TLS
    assert link.tls is TLS
    assert spool.done == ["TLS with mail.example.org"]
    assert link.machine.expected is Verb.GREETING


def test_leaves_in_good_order() -> None:
    """Behaviour 42: TLS is closed as it should be, which aborting would not do."""
    link, spool = ready(b"221 bye\r\n")
    run_sync(link.quit())
    assert spool.written == b"QUIT\r\n"
    assert spool.done == ["close", "abort"]
    run_sync(link.quit())
    assert spool.done == ["close", "abort"]


@pytest.mark.parametrize(
    "answer", [b"", b"500 what?\r\n", b"nonsense\r\n", b"250 ok\r\n250 ok\r\n", broken()]
)
def test_leaves_whatever_the_server_says(answer: bytes | BaseException) -> None:
    """Behaviour 120."""
    link, spool = ready(answer)
    run_sync(link.quit())
    assert not link.alive
    assert spool.done[-1] == "abort"


def test_leaves_soon() -> None:
    """Behaviour 120: the reply is not awaited long, and a deadline that has passed is none."""
    link, spool = ready(DeadlineExceeded("silence", phase=Phase.COMMAND))
    link.deadline_at = 0.0
    run_sync(link.quit())
    assert spool.timeouts == [2.0, 2.0]


def test_says_nothing_in_the_middle_of_a_message() -> None:
    link, spool = in_content()
    run_sync(link.quit())
    assert b"QUIT" not in spool.written


def test_says_nothing_while_replies_are_owed() -> None:
    link, spool = ready()
    run_sync(link.say([commands.noop()]))
    run_sync(link.quit())
    assert b"QUIT" not in spool.written


def test_knows_how_long_it_was_idle() -> None:
    link, spool = ready(b"250 ok\r\n")
    spool.clock.advance(100)
    assert link.idle_seconds == 100
    run_sync(link.exchange(commands.noop()))
    assert link.idle_seconds == 0


def test_shows_both_sides() -> None:
    shown = list[object]()
    link, _ = ready(b"250-one\r\n250 two\r\n", sink=shown.append)
    shown.clear()
    run_sync(link.exchange(commands.noop()))
    link.note("done")
    assert list(map(str, shown)) == ["C: NOOP", "S: 250-one", "S: 250 two", "*: done"]
    assert (link.peer, link.local_address) == ("192.0.2.1:25", "192.0.2.10")
