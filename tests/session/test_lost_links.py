"""Many mails, and a connection that breaks: of each it is known whether it was sent, or may have been."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from envoi.errors import (
    Accepted,
    Disconnected,
    MessageRejected,
)
from envoi.session.conversation import Conversation
from envoi.session.receipt import Receipt
from envoi.session.tally import MAYBE_REMEDY
from tests.session.mailing import CHUNKING, DATA, SERVERS, check, numbered, played, send_all
from tests.session.relay import Network, Rules
from tests.session.stage import settings


@pytest.mark.parametrize("reset", [False, True], ids=["close", "reset"])
@pytest.mark.parametrize("offers", [CHUNKING, DATA, ()], ids=["by BDAT", "by DATA", "one by one"])
@pytest.mark.parametrize("window", [1, 3])
def test_breaking_off_at_every_octet(offers: tuple[str, ...], window: int, reset: bool) -> None:
    """What was not acknowledged is MAYBE or goes on over another connection: never lost, never twice."""
    kinds = ["", "some", "bad", "", "nobody", "", "spam", ""]
    whole = Rules(offers=offers)
    played(whole, kinds, window)
    answers = 8 + whole.relays[0]._said
    for limit in range(answers):
        rules = Rules(offers=offers, limits=[limit], reset=reset)
        results = played(rules, kinds, window)
        check(results, len(kinds), rules)
        lost = [one for one in results if isinstance(one, Disconnected)]
        doubtful = [one for one in lost if one.accepted is Accepted.MAYBE]
        assert len(doubtful) <= (window if "CHUNKING" in offers else 1)
        # Whatever else was under way has gone on over the next connection.
        assert len(lost) - len(doubtful) <= 1


@pytest.mark.parametrize("offers", SERVERS.values(), ids=SERVERS)
@pytest.mark.parametrize("window", [1, 5])
def test_a_goodbye_sends_the_rest_over_another_connection(offers: tuple[str, ...], window: int) -> None:
    """421 behind so many messages: nothing was accepted after it, so nothing is in doubt."""
    rules = Rules(offers=offers, most=3)
    results = played(rules, [""] * 10, window)
    check(results, 10, rules)
    assert all(isinstance(result, Receipt) for result in results)
    assert len(rules.relays) == 4


@pytest.mark.parametrize("window", [1, 5])
@pytest.mark.parametrize("offers", [CHUNKING, DATA], ids=["by BDAT", "by DATA"])
def test_keeps_to_the_messages_per_connection(offers: tuple[str, ...], window: int) -> None:
    """RFC 9422 §3.1."""
    rules = Rules(offers=(*offers, "LIMITS MAILMAX=3"), most=3)
    results = played(rules, [""] * 7, window)
    check(results, 7, rules)
    assert all(isinstance(result, Receipt) for result in results)
    assert [relay.wrote.count(b"MAIL FROM") for relay in rules.relays] == [3, 3, 1]
    assert all(relay.wrote.endswith(b"QUIT\r\n") for relay in rules.relays)


@pytest.mark.parametrize("offers", [CHUNKING, DATA], ids=["by BDAT", "by DATA"])
@pytest.mark.parametrize("shown", [True, False])
def test_a_goodbye_to_the_end_of_a_message_refuses_it_and_no_other(
    offers: tuple[str, ...], shown: bool
) -> None:
    rules = Rules(offers=offers, last_words={2: "421 4.3.2 going down"})
    kinds = [""] * 6
    options: dict[str, Any] = {"transcript": lambda line: None} if shown else {}
    results = played(rules, kinds, 4, **options)
    check(results, len(kinds), rules)
    assert [type(result) for result in results[:4]] == [Receipt, Receipt, MessageRejected, MessageRejected]


@pytest.mark.parametrize("shown", [True, False])
def test_nonsense_behind_good_replies_leaves_the_rest_in_doubt(shown: bool) -> None:
    rules = Rules(last_words={2: "nonsense"})
    options: dict[str, Any] = {"transcript": lambda line: None} if shown else {}
    results = played(rules, [""] * 6, 4, **options)
    accepted = [getattr(result, "accepted", None) for result in results[2:4]]
    assert accepted == [Accepted.MAYBE] * 2
    check(results, 6, rules)


@pytest.mark.parametrize("offers", [CHUNKING, DATA], ids=["by BDAT", "by DATA"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, asyncio.CancelledError])
def test_an_interruption_anywhere_closes_the_connection(
    offers: tuple[str, ...], error: type[BaseException]
) -> None:
    for moment in range(40):
        rules = Rules(offers=offers, interrupt=(moment, error))
        conversation = Conversation(settings(), Network(rules))
        try:
            results = send_all(conversation, map(numbered, range(6)), 3)
        except BaseException as stop:
            if type(stop) is not error:
                raise
            assert rules.relays[-1].closed
            doubtful = getattr(stop, "__notes__", []) == [MAYBE_REMEDY]
            assert doubtful or len(rules.delivered) % 3 == 0 or offers is DATA
        else:
            assert len(results) == 6
            assert moment > 5
            break
        assert not conversation.is_open
    else:
        pytest.fail("the interruption never came too late")
