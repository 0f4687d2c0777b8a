"""Many mails over one connection: each with its own end, whatever becomes of the others and of the link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import (
    Accepted,
    AuthenticationFailed,
    Disconnected,
    MessageRejected,
    Phase,
    RecipientsRejected,
    UsageError,
)
from envoi.message.envelope import DeliveryOptions
from envoi.message.raw import RawEmail
from envoi.session.conversation import Conversation, each
from envoi.session.receipt import Receipt
from envoi.session.run import run_sync
from tests.session.contents import Pieces
from tests.session.mailing import (
    CHUNKING,
    DATA,
    EXPECTED,
    SERVERS,
    Enveloped,
    check,
    drain,
    numbered,
    played,
    send_all,
)
from tests.session.relay import Network, Rules
from tests.session.stage import QUIT, hello, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from envoi.session.outgoing import Mail
    from tests.session.stage import Way


@pytest.mark.parametrize("offers", SERVERS.values(), ids=SERVERS)
@pytest.mark.parametrize("window", [1, 2, 64])
@given(kinds=st.lists(st.sampled_from([*EXPECTED, "", ""]), max_size=12))
def test_what_is_refused_never_takes_its_neighbours_along(
    offers: tuple[str, ...], window: int, kinds: list[str]
) -> None:
    rules = Rules(offers=offers)
    results = played(rules, kinds, window)
    assert [type(result) for result in results] == [EXPECTED[kind] for kind in kinds]
    check(results, len(kinds), rules)
    assert len(rules.relays) <= 1
    for relay in rules.relays:
        assert relay.closed
        assert relay.wrote.endswith(b"QUIT\r\n")


@pytest.mark.parametrize("window", [1, 3])
def test_an_invitation_for_nobody_is_declined(window: int) -> None:
    rules = Rules(offers=(*DATA, "eager"))
    kinds = ["", "nobody", "", "bad", ""]
    results = played(rules, [*kinds[:3]], window)
    assert [type(result) for result in results] == [Receipt, RecipientsRejected, Receipt]
    check(results, 3, rules)


@pytest.mark.parametrize(("count", "window"), [(1, 1), (6, 1), (6, 64)])
def test_one_flight_per_message_by_look_ahead(count: int, window: int) -> None:
    rules = Rules(offers=DATA)
    played(rules, [""] * count, window)
    greeting = 1
    # The first envelope goes alone, the last end too; QUIT is waited for.
    assert rules.relays[0].flights == greeting + count + 1 + 1


@pytest.mark.parametrize(
    ("count", "window", "flights"), [(1, 1, 1), (6, 1, 6), (6, 2, 3), (64, 64, 1), (65, 64, 2)]
)
def test_one_flight_per_window_by_bdat(count: int, window: int, flights: int) -> None:
    rules = Rules()
    played(rules, [""] * count, window)
    assert rules.relays[0].flights == 1 + flights + 1


@pytest.mark.parametrize("piece", [1, 7])
@pytest.mark.parametrize("offers", [CHUNKING, DATA], ids=["by BDAT", "by DATA"])
def test_replies_may_come_in_any_pieces(offers: tuple[str, ...], piece: int) -> None:
    kinds = ["", "some", "bad", "", "nobody", "", "spam", ""]
    rules = Rules(offers=offers, piece=piece)
    results = played(rules, kinds, 3)
    assert [type(result) for result in results] == [EXPECTED[kind] for kind in kinds]
    check(results, len(kinds), rules)


def test_a_server_that_does_not_know_bdat_gets_data_from_then_on() -> None:
    lines: list[str] = []
    rules = Rules(unknown=(b"BDAT",))
    results = played(rules, [""] * 6, 3, transcript=lambda line: lines.append(str(line)))
    check(results, 6, rules)
    assert all(isinstance(result, Receipt) for result in results)
    assert [relay.wrote.count(b"BDAT") > 0 for relay in rules.relays] == [True, False]
    assert sum("offers CHUNKING and breaks on it" in line for line in lines) == 1


def test_a_refused_data_is_each_mail_s_own_end() -> None:
    rules = Rules(offers=DATA, unknown=(b"DATA",))
    results = played(rules, ["", "nobody", ""])
    assert [type(result) for result in results] == [MessageRejected, RecipientsRejected, MessageRejected]
    assert [result.phase for result in results] == [Phase.DATA, Phase.RCPT, Phase.DATA]
    assert len(rules.relays) == 1


def test_a_bad_window_is_refused() -> None:
    with pytest.raises(UsageError, match="one mail or more"):
        Conversation(settings(), Network(Rules())).batch([], options=None, window=0)


def test_no_mails_need_no_connection() -> None:
    rules = Rules()
    assert played(rules, []) == []
    assert rules.relays == []


class Trouble(Exception):
    """What a source raises."""


@pytest.mark.parametrize("offers", SERVERS.values(), ids=SERVERS)
@pytest.mark.parametrize("window", [1, 5])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_what_the_source_raises_comes_behind_the_results_before_it(
    offers: tuple[str, ...], window: int, asynchronous: bool
) -> None:
    def mails() -> Iterator[Mail]:
        yield numbered(0)
        yield b"no envelope"
        yield numbered(2)
        raise Trouble

    rules = Rules(offers=offers)
    conversation = Conversation(settings(), Network(rules))
    source = each(mails()) if asynchronous else mails()
    batch = conversation.batch(source, options=None, window=window)
    results: list[Any] = []
    with pytest.raises(Trouble):
        drain(batch, results)
    assert [type(result) for result in results] == [Receipt, UsageError, Receipt]
    run_sync(conversation.close())
    assert rules.relays[0].wrote.endswith(b"QUIT\r\n")


@pytest.mark.parametrize("offers", [CHUNKING, DATA], ids=["by BDAT", "by DATA"])
def test_a_mail_that_cannot_be_sent_fails_alone(offers: tuple[str, ...]) -> None:
    rules = Rules(offers=(*offers[:2], "SIZE 60000"))
    broken = Pieces([b"x", UsageError("the file changed")], known=2)
    mails: list[Any] = [
        numbered(0),
        numbered(1, "big"),
        RawEmail(b"x", sender="a@x.example", recipients=["zoë@x.example"]),
        Enveloped(broken),
        numbered(4),
    ]
    results = send_all(Conversation(settings(), Network(rules)), mails)
    kinds = [type(result).__name__ for result in results]
    assert kinds == ["Receipt", "MessageTooLarge", "InvalidAddress", "UsageError", "Receipt"]
    assert [sender for sender, _, _ in rules.delivered] == ["a0@example.org", "a4@example.org"]


@pytest.mark.parametrize("offers", [CHUNKING, DATA], ids=["by BDAT", "by DATA"])
@pytest.mark.parametrize("options", [{}, {"transcript": lambda line: None}], ids=["unseen", "shown"])
@pytest.mark.parametrize("answers", [10_000, 150, 400])
def test_a_slow_source_keeps_nothing_waiting(
    offers: tuple[str, ...], options: dict[str, Any], answers: int
) -> None:
    """What is complete is sent, and its result is there, before the next mail is."""
    rules = Rules(offers=offers, limits=[answers])
    network = Network(rules)
    conversation = Conversation(settings(**options), network)
    seen: list[int] = []

    def mails() -> Iterator[Mail]:
        for number in range(5):
            network.clock.advance(1)
            seen.append(len(rules.delivered))
            yield numbered(number)

    results = send_all(conversation, mails(), 3)
    check(results, 5, rules)
    assert seen == [0, 1, 2, 3, 4]


def test_a_slow_server_is_not_waited_for_before_the_window_is_full() -> None:
    rules = Rules(piece=1)
    network = Network(rules)

    def mails() -> Iterator[Mail]:
        for number in range(9):
            network.clock.advance(1)
            yield numbered(number)

    results = send_all(Conversation(settings(), network), mails(), 3)
    check(results, 9, rules)
    assert rules.relays[0].flights < 30


def test_much_is_written_in_pieces_of_bounded_size() -> None:
    rules = Rules()
    mails = [RawEmail(b"x" * 30_000, sender="a@x.example", recipients=["b@x.example"])] * 300
    results = send_all(Conversation(settings(), Network(rules)), mails, 300)
    assert all(isinstance(result, Receipt) for result in results)
    assert rules.relays[0].longest < 200_000
    # 4 MiB of 30,000 octets each are 140 mails.
    assert rules.relays[0].flights >= 1 + 3


@pytest.mark.parametrize("offers", SERVERS.values(), ids=SERVERS)
def test_is_watched_with_the_same_end(offers: tuple[str, ...]) -> None:
    kinds = ["", "some", "bad", "", "nobody", "", "spam", ""]
    watched, rules, lines = Rules(offers=offers), Rules(offers=offers), list[str]()
    results = played(watched, kinds, 3, transcript=lambda line: lines.append(str(line)))
    assert list(map(str, results)) == list(map(str, played(rules, kinds, 3)))
    assert [bytes(relay.wrote) for relay in watched.relays] == [bytes(relay.wrote) for relay in rules.relays]
    assert sum(line.startswith("C: MAIL") for line in lines) == len(kinds)
    assert sum(line.startswith("S: 250 2.0.0 queued") for line in lines) == 5


@pytest.mark.parametrize("offers", [CHUNKING, DATA], ids=["by BDAT", "by DATA"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_another_call_settles_what_is_under_way(offers: tuple[str, ...], size: int) -> None:
    rules = Rules(offers=offers)
    conversation = Conversation(settings(), Network(rules))
    batch = conversation.batch(map(numbered, range(4)), options=None, window=size)
    results = run_sync(batch.more())
    one = numbered(9)
    assert isinstance(run_sync(conversation.send(one, one.envelope())), Receipt)
    while more := run_sync(batch.more()):
        results += more
    assert [result.sender for result in results if isinstance(result, Receipt)] == [
        f"a{number}@example.org" for number in range(4)
    ]
    run_sync(conversation.close())
    assert len(rules.delivered) == 5
    assert rules.relays[0].wrote.endswith(b"QUIT\r\n")


@pytest.mark.parametrize("offers", [CHUNKING, DATA], ids=["by BDAT", "by DATA"])
def test_two_batches_may_take_turns(offers: tuple[str, ...]) -> None:
    rules = Rules(offers=offers)
    conversation = Conversation(settings(), Network(rules))
    batches = [
        conversation.batch(map(numbered, range(start, start + 4)), options=None, window=2)
        for start in (0, 10)
    ]
    results: list[list[Any]] = [[], []]
    for _ in range(10):
        for told, batch in zip(results, batches, strict=True):
            told.extend(run_sync(batch.more()))
    assert [len(told) for told in results] == [4, 4]
    check(results[0], 4, Rules(delivered=[one for one in rules.delivered if len(one[0]) == 14]))
    assert len(rules.delivered) == 8


@pytest.mark.parametrize("offers", SERVERS.values(), ids=SERVERS)
@pytest.mark.parametrize("taken", [1, 2])
def test_who_stops_asking_leaves_a_connection_in_order(offers: tuple[str, ...], taken: int) -> None:
    """What was said whole is heard to its end; what was only announced is never sent."""
    rules = Rules(offers=offers)
    conversation = Conversation(settings(), Network(rules))
    batch = conversation.batch(map(numbered, range(9)), options=None, window=3)
    for _ in range(taken):
        run_sync(batch.more())
    batch.abandon()
    one = numbered(99)
    assert isinstance(run_sync(conversation.send(one, one.envelope())), Receipt)
    run_sync(conversation.close())
    assert rules.relays[-1].wrote.endswith(b"QUIT\r\n")
    assert all(relay.closed for relay in rules.relays)
    assert len(rules.delivered) <= 3 * taken + 2


def test_a_login_that_fails_is_not_tried_again_for_each() -> None:
    rules = Rules(offers=("AUTH PLAIN",))
    options: dict[str, Any] = {"username": "a", "password": "b", "allow_plaintext_auth": True}
    results = played(rules, [""] * 4, 2, **options)
    assert [type(result) for result in results] == [AuthenticationFailed] * 4
    assert len(rules.relays) == 1
    assert len(set(map(id, results))) == 4


def test_a_server_that_is_away_may_come_back(way: Way) -> None:
    async def act(conversation: Conversation) -> list[str]:
        batch = conversation.batch([numbered(0), numbered(1)], options=None, window=1)
        return [type(result).__name__ for _ in range(2) for result in await batch.more()]

    dialogue = (
        "C: MAIL FROM:<a1@example.org>\nS: 250 ok\nC: RCPT TO:<b1@example.org>\nS: 250 ok\n"
        "C: DATA\nS: 354 go\n"
        "* message\nS: 250 queued\n"
    )
    played = way.play("* refuse\n* connect\n" + hello() + dialogue + QUIT, act)
    assert played.result == ["ConnectionFailed", "Receipt"]


def test_lmtp_goes_one_by_one(way: Way) -> None:
    async def act(conversation: Conversation) -> list[str]:
        batch = conversation.batch([numbered(0), numbered(1)], options=None, window=5)
        return [type(result).__name__ for _ in range(2) for result in await batch.more()]

    script = hello("PIPELINING", "CHUNKING").replace("EHLO", "LHLO")
    for number in range(2):
        script += f"C: MAIL FROM:<a{number}@example.org>\nC: RCPT TO:<b{number}@example.org>\n"
        script += "S: 250 ok\nS: 250 ok\n"
        script += "C: BDAT 23 LAST\n* octets 23\nS: 250 queued\n"
    assert way.play(script + QUIT, act, protocol="lmtp").result == ["Receipt", "Receipt"]


def test_risks_one_mail_on_a_connection_that_was_idle() -> None:
    rules = Rules()
    network = Network(rules)
    conversation = Conversation(settings(), network)
    send_all(conversation, map(numbered, range(3)), 3)
    network.clock.advance(60)
    flights = rules.relays[0].flights
    assert all(
        isinstance(result, Receipt) for result in send_all(conversation, map(numbered, range(3, 6)), 3)
    )
    # Its envelope is answered before it follows; the others fly.
    assert rules.relays[0].flights == flights + 3


def test_iterates_over_both_kinds(way: Way) -> None:
    async def mails() -> AsyncIterator[Mail]:
        for number in range(3):
            yield numbered(number)

    async def act() -> list[Any]:
        conversation = Conversation(settings(), Network(Rules()))
        batch = conversation.batch(mails(), options=None, window=2)
        results: list[Any] = []
        while more := await batch.more():
            results += more
        return results

    assert all(isinstance(result, Receipt) for result in way.run(act()))


def test_options_are_for_each() -> None:
    rules = Rules(offers=(*CHUNKING, "DSN"))
    conversation = Conversation(settings(), Network(rules))
    send_all(conversation, map(numbered, range(2)), 2, options=DeliveryOptions(ret="headers"))
    assert rules.relays[0].wrote.count(b" RET=HDRS\r\n") == 2


def test_what_remains_behind_an_interruption_is_told_in_order() -> None:
    rules = Rules(interrupt=(4, KeyboardInterrupt))
    conversation = Conversation(settings(), Network(rules))
    batch = conversation.batch([numbered(0), b"no envelope", numbered(2)], options=None, window=3)
    with pytest.raises(KeyboardInterrupt) as caught:
        run_sync(batch.more())
    told = batch.remains(caught.value)
    assert [type(result) for result in told] == [Disconnected, UsageError, Disconnected]
    assert [result.accepted for result in told] == [Accepted.MAYBE, Accepted.NO, Accepted.MAYBE]


def test_memory_does_not_grow_with_the_mails() -> None:
    alive: WeakSet[Enveloped] = WeakSet()
    most = 0

    def mails() -> Iterator[Mail]:
        nonlocal most
        for number in range(500):
            mail = Enveloped(numbered(number))
            alive.add(mail)
            most = max(most, len(alive))
            yield mail  # type: ignore[misc]

    conversation = Conversation(settings(), Network(Rules()))
    batch = conversation.batch(mails(), options=None, window=8)
    count = 0
    while more := run_sync(batch.more()):
        count += len(more)
    assert count == 500
    assert most < 20
