"""What a server claims and does not keep: seen once, avoided from then on, and told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi.errors import Accepted, Disconnected, RemoteProtocolError
from tests.session.stage import FLIGHT, QUIT, STEPWISE, hello, mail, sending

if TYPE_CHECKING:
    from tests.session.stage import Way

ENVELOPE = "C: MAIL FROM:<a@example.org>\nC: RCPT TO:<b@example.org>\n"
NOTE = "*: mail.example.org offers {} and breaks on it; doing without from now on"
PLAIN = "* connect\n" + hello("PIPELINING") + STEPWISE


@pytest.mark.parametrize(
    "replies", ["S: 250 ok\nS: 354 go", "S: 250 ok\nS: 250 ok\nS: 250 ok", "* raw what?\\r\\n"]
)
def test_replies_out_of_order_end_pipelining(way: Way, replies: str) -> None:
    """Behaviour 109: the message itself goes on, step by step, over another connection."""
    played = way.play(
        hello("PIPELINING") + ENVELOPE + f"C: DATA\n{replies}\n" + PLAIN + STEPWISE + QUIT,
        sending(mail(), mail()),
    )
    assert played.error is None
    assert played.lines.count(NOTE.format("PIPELINING")) == 1


def test_a_connection_that_is_dropped_by_the_first_flight_ends_pipelining(way: Way) -> None:
    """The message may have been anything's victim; the next one is careful."""

    async def act(conversation):
        one = mail()
        with pytest.raises(Disconnected) as caught:
            await conversation.send(one, one.envelope())
        assert caught.value.accepted is Accepted.NO
        return await conversation.send(one, one.envelope())

    played = way.play(hello("PIPELINING") + ENVELOPE + "C: DATA\n* close\n" + PLAIN + QUIT, act)
    assert played.result.accepted == ("b@example.org",)
    assert NOTE.format("PIPELINING") in played.lines


def test_one_that_is_dropped_later_proves_nothing(way: Way) -> None:
    dropped = hello("PIPELINING") + FLIGHT + ENVELOPE + "C: DATA\n* close\n"
    played = way.play(dropped + "* connect\n" + hello("PIPELINING") + FLIGHT + QUIT, sending(mail(), mail()))
    assert played.error is None
    assert NOTE.format("PIPELINING") not in played.lines


def test_what_may_have_been_accepted_is_not_sent_again(way: Way) -> None:
    flight = ENVELOPE + "C: BDAT 22 LAST\n* octets 22\n* raw what?\\r\\n\n"
    played = way.play(hello("PIPELINING", "CHUNKING") + flight)
    assert type(played.error) is RemoteProtocolError
    assert played.error.accepted is Accepted.MAYBE
    assert NOTE.format("PIPELINING") in played.lines


@pytest.mark.parametrize("code", [500, 502])
@pytest.mark.parametrize("pipelining", [True, False])
def test_a_refused_bdat_ends_chunking(way: Way, code: int, pipelining: bool) -> None:
    offers = ("PIPELINING", "CHUNKING") if pipelining else ("CHUNKING",)
    body = f"C: BDAT 22 LAST\n* octets 22\nS: {code} what?\n"
    if pipelining:
        first = ENVELOPE + body.replace("S: 5", "S: 250 ok\nS: 250 ok\nS: 5")
        second = FLIGHT
    else:
        first = STEPWISE.partition("C: DATA")[0] + body
        second = STEPWISE
    played = way.play(
        hello(*offers) + first + "* connect\n" + hello(*offers) + second * 2 + QUIT, sending(mail(), mail())
    )
    assert played.error is None
    assert played.lines.count(NOTE.format("CHUNKING")) == 1


@pytest.mark.parametrize("code", [550, 503, 452])
def test_a_refused_message_proves_nothing(way: Way, code: int) -> None:
    flight = ENVELOPE + f"C: BDAT 22 LAST\n* octets 22\nS: 250 ok\nS: 250 ok\nS: {code} no\n"
    played = way.play(hello("PIPELINING", "CHUNKING") + flight + QUIT)
    assert played.error.reply.code == code
    assert NOTE.format("CHUNKING") not in played.lines
