"""The message's octets on their way: behind 354 or in chunks, in constant memory, and never by halves."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from envoi.errors import (
    Accepted,
    Disconnected,
    MessageRejected,
    Phase,
    RemoteProtocolError,
    Retry,
    UsageError,
)
from envoi.message.envelope import Envelope
from envoi.session.content import CHUNK, CHUNKS_IN_FLIGHT
from envoi.session.run import run_sync
from envoi.session.submit import submit
from envoi.smtp import commands
from tests.session.contents import Pieces
from tests.session.spool import Spool, link_over
from tests.session.stage import FLIGHT, ONCE, QUIT, STEPWISE, code_of, hello

if TYPE_CHECKING:
    from envoi.message.content import Content
    from envoi.session.conversation import Conversation
    from tests.session.stage import Act, Way

ENVELOPE = Envelope.of("a@example.org", ["b@example.org"])
SAID = "C: MAIL FROM:<a@example.org>\nC: RCPT TO:<b@example.org>\n"
HEARD = "S: 250 2.1.0 ok\nS: 250 2.1.5 ok\n"
BDAT = hello("PIPELINING", "CHUNKING", "BINARYMIME", "8BITMIME", "SIZE 100000000")


def handing(content: Content, **options: Any) -> Act:
    """Send this content."""

    async def act(conversation: Conversation) -> Any:
        return await conversation.send(content, ENVELOPE, **options)

    return act


class Told:
    """Remembers what it is told of the progress."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, int | None]] = []

    def __call__(self, sent: int, total: int | None) -> None:
        self.steps.append((sent, total))


def test_a_small_message_travels_with_its_envelope(way: Way) -> None:
    """Behaviour 98: one flight, one round trip."""
    script = BDAT + SAID.replace("example.org>\nC: RCPT", "example.org> SIZE=21\nC: RCPT", 1)
    script += "C: BDAT 21 LAST\n* octets 21\n" + HEARD + "S: 250 queued\n" + QUIT
    told = Told()
    played = way.play(script, handing(Pieces([b"Subject: x\n\n", b".\rab\r\n"], known=21), progress=told))
    assert played.result.accepted == ("b@example.org",)
    assert b"BDAT 21 LAST\r\nSubject: x\r\n\r\n.\r\nab\r\nQUIT" in played.sent
    assert told.steps == [(21, 21)]


def test_binary_content_is_not_touched(way: Way) -> None:
    """Behaviours 69 and 98."""
    script = BDAT + SAID.replace("org>\n", "org> SIZE=6 BODY=BINARYMIME\n", 1)
    script += "C: BDAT 6 LAST\n* octets 6\n" + HEARD + "S: 250 queued\n" + QUIT
    played = way.play(script, handing(Pieces([b"\n\r", b"\0.\n", b"\r"], known=6, body="binarymime")))
    assert b"LAST\r\n\n\r\0.\n\rQUIT" in played.sent


@pytest.mark.parametrize("known", [None, CHUNK * 2 + 10])
def test_a_large_message_waits_who_wants_it_and_goes_in_chunks(way: Way, known: int | None) -> None:
    """Behaviour 98."""
    size = "" if known is None else f" SIZE={known}"
    script = BDAT + SAID.replace("org>\n", f"org>{size}\n", 1) + HEARD
    for number in (CHUNK, CHUNK):
        script += f"C: BDAT {number}\n* octets {number}\nS: 250 ok\n"
    script += "C: BDAT 10 LAST\n* octets 10\nS: 250 queued\n" + QUIT
    told = Told()
    content = Pieces([b"x" * 7_000] * 7 + [b"x" * (CHUNK * 2 + 8 - 49_000)], known=known)
    played = way.play(script, handing(content, progress=told))
    assert played.error is None
    assert told.steps == [(CHUNK, known), (2 * CHUNK, known), (2 * CHUNK + 10, known)]


def test_large_binary_content_is_not_touched_either() -> None:
    script = BDAT + SAID.replace("org>\n", "org> BODY=BINARYMIME\n", 1) + HEARD
    script += (
        f"C: BDAT {CHUNK}\n* octets {CHUNK}\nS: 250 ok\nC: BDAT 3 LAST\n* octets 3\nS: 250 queued\n" + QUIT
    )
    played = ONCE.play(script, handing(Pieces([b"\n" * CHUNK, b"\0\r\n"], body="binarymime")))
    assert b"LAST\r\n\0\r\nQUIT" in played.sent


def test_an_empty_message_is_an_empty_chunk(way: Way) -> None:
    """Behaviour 90."""
    script = BDAT + SAID + HEARD + "C: BDAT 0 LAST\nS: 250 queued\n" + QUIT
    assert way.play(script, handing(Pieces([]))).error is None


def test_chunks_run_ahead_of_their_replies_but_not_far() -> None:
    """Behaviour 107."""
    script = BDAT + SAID + HEARD
    script += f"C: BDAT {CHUNK}\n* octets {CHUNK}\n" * (CHUNKS_IN_FLIGHT + 1) + "S: 250 ok\n"
    script += f"C: BDAT {CHUNK}\n* octets {CHUNK}\n" + "S: 250 ok\n" * (CHUNKS_IN_FLIGHT + 1)
    script += "C: BDAT 3 LAST\n* octets 3\nS: 250 queued\n" + QUIT
    played = ONCE.play(script, handing(Pieces([b"x" * CHUNK] * (CHUNKS_IN_FLIGHT + 2) + [b"x"])))
    assert played.error is None


def test_without_pipelining_each_chunk_waits() -> None:
    script = (
        hello("CHUNKING") + "C: MAIL FROM:<a@example.org>\nS: 250 ok\nC: RCPT TO:<b@example.org>\nS: 250 ok\n"
    )
    script += f"C: BDAT {CHUNK}\n* octets {CHUNK}\nS: 250 ok\n" * 3
    script += "C: BDAT 2 LAST\n* octets 2\nS: 250 queued\n" + QUIT
    assert ONCE.play(script, handing(Pieces([b"x" * CHUNK] * 3))).error is None


@pytest.mark.parametrize(("code", "retry"), [(452, Retry.LATER), (552, Retry.NEVER)])
def test_a_refused_chunk_stops_the_message(way: Way, code: int, retry: Retry) -> None:
    """Behaviour 98: the next transaction begins with RSET."""
    script = (
        hello("CHUNKING") + "C: MAIL FROM:<a@example.org>\nS: 250 ok\nC: RCPT TO:<b@example.org>\nS: 250 ok\n"
    )
    script += f"C: BDAT {CHUNK}\n* octets {CHUNK}\nS: {code} enough\n"
    script += (
        "C: RSET\nS: 250 ok\n"
        + STEPWISE.partition("C: DATA")[0]
        + "C: BDAT 3 LAST\n* octets 3\nS: 250 queued\n"
        + QUIT
    )
    errors = []

    async def twice(conversation: Conversation) -> Any:
        try:
            await conversation.send(Pieces([b"x" * CHUNK] * 9), ENVELOPE)
        except MessageRejected as error:
            errors.append(error)
        return await conversation.send(Pieces([b"x"]), ENVELOPE)

    played = way.play(script, twice)
    assert [(error.phase, error.retry, error.accepted) for error in errors] == [
        (Phase.CONTENT, retry, Accepted.NO)
    ]
    assert played.result.accepted == ("b@example.org",)


def test_a_refused_chunk_with_others_in_flight(way: Way) -> None:
    script = BDAT + SAID + HEARD
    script += f"C: BDAT {CHUNK}\n* octets {CHUNK}\n" * 3 + "S: 452 full\nS: 503 no\nS: 503 no\n" + QUIT
    error = way.play(script, handing(Pieces([b"x" * CHUNK] * 3))).error
    assert type(error) is MessageRejected
    assert (str(error.reply), error.accepted) == ("452 full", Accepted.NO)


def test_421_to_a_chunk(way: Way) -> None:
    """Behaviour 83."""
    script = BDAT + SAID + HEARD + f"C: BDAT {CHUNK}\n* octets {CHUNK}\n" * 2 + "S: 421 closing"
    error = way.play(script, handing(Pieces([b"x" * CHUNK] * 2))).error
    assert type(error) is MessageRejected
    assert (code_of(error), error.accepted, error.retry) == (421, Accepted.NO, Retry.LATER)


@pytest.mark.parametrize("end", ["* close", "* reset"])
def test_a_link_lost_between_chunks_is_no(way: Way, end: str) -> None:
    script = BDAT + SAID + HEARD + f"C: BDAT {CHUNK}\n* octets {CHUNK}\n" * 2 + end
    error = way.play(script, handing(Pieces([b"x" * CHUNK] * 12))).error
    assert type(error) is Disconnected
    assert (error.phase, error.accepted) == (Phase.CONTENT, Accepted.NO)


@pytest.mark.parametrize("end", ["* close", "* reset"])
def test_a_link_lost_after_the_last_chunk_is_maybe(way: Way, end: str) -> None:
    """Behaviour 100."""
    script = BDAT + SAID + HEARD + "C: BDAT 3 LAST\n* octets 3\n" + end
    error = way.play(script, handing(Pieces([b"x"]))).error
    assert (error.phase, error.accepted) == (Phase.FINAL, Accepted.MAYBE)


def test_an_acceptance_before_the_last_chunk_is_none(way: Way) -> None:
    """Behaviour 108."""
    script = BDAT + SAID + HEARD + "S: 250 queued"
    played = way.play(script, handing(Pieces([b"x"])))
    assert type(played.error) is RemoteProtocolError
    assert played.error.accepted is Accepted.NO
    assert b"BDAT" not in played.sent


@pytest.mark.parametrize(
    ("offers", "script"),
    [
        (["PIPELINING"], FLIGHT.partition("* message")[0] + "* octets 9999999"),
        (["PIPELINING", "CHUNKING"], SAID + HEARD + f"C: BDAT {CHUNK}\n* octets {CHUNK}\n"),
    ],
)
@pytest.mark.parametrize("failure", [UsageError("the file changed"), OSError("disk"), KeyboardInterrupt()])
def test_a_source_that_fails_leaves_no_half_message(
    offers: list[str], script: str, failure: BaseException
) -> None:
    """Behaviour 102: the connection is dropped, without a dot and without BDAT LAST."""
    content = Pieces([b"x" * CHUNK, b"x" * CHUNK, failure])

    async def act(conversation: Conversation) -> None:
        with pytest.raises(type(failure)):
            await conversation.send(content, ENVELOPE)
        assert not conversation.is_open

    played = ONCE.play(hello(*offers) + script, act, whole=False)
    assert not played.sent.endswith(b".\r\n")
    assert b"LAST" not in played.sent
    assert b"QUIT" not in played.sent


def test_a_source_that_fails_before_anything_was_said_costs_nothing(way: Way) -> None:
    script = BDAT + SAID.replace("org>\n", "org> SIZE=20\n", 1)
    script += "C: BDAT 3 LAST\n* octets 3\n" + HEARD + "S: 250 queued\n" + QUIT

    async def act(conversation: Conversation) -> Any:
        with pytest.raises(UsageError):
            await conversation.send(Pieces([UsageError("gone")], known=20), ENVELOPE)
        return await conversation.send(Pieces([b"x"], known=20), ENVELOPE)

    assert way.play(script, act).result is not None


def test_progress_is_told_while_a_message_is_sent() -> None:
    """Behaviour 101."""
    told = Told()
    content = Pieces([b"x" * 1000, b"y" * 10, b"\r\n"], known=1012)
    ONCE.play(
        hello("SIZE") + STEPWISE.replace("org>", "org> SIZE=1012", 1) + QUIT, handing(content, progress=told)
    )
    assert told.steps == [(1000, 1012), (1010, 1012), (1012, 1012)]


def test_a_progress_callback_that_fails_stops_the_message() -> None:
    def fail(sent: int, total: int | None) -> None:
        raise ZeroDivisionError

    async def act(conversation: Conversation) -> None:
        with pytest.raises(ZeroDivisionError):
            await conversation.send(Pieces([b"x"]), ENVELOPE, progress=fail)
        assert not conversation.is_open

    ONCE.play(hello() + STEPWISE, act, whole=False)


class Drain(Spool):
    """Takes everything and keeps the largest write alone."""

    largest = 0

    async def write(self, data: bytes | bytearray | memoryview, timeout: float | None) -> None:
        self.largest = max(self.largest, len(data))


@pytest.mark.parametrize("offers", [b"250 PIPELINING\r\n", b"250-CHUNKING\r\n250 PIPELINING\r\n"])
@pytest.mark.parametrize("piece", [8_000_000, 60_000])
def test_memory_stays_flat(piece: int, offers: bytes) -> None:
    """Behaviour 93, whatever the size of the pieces: they are cut, for they are copied on the way."""
    octets = b"01234567\n." * (piece // 10)
    drain = Drain(
        b"220 x\r\n",
        b"250-x\r\n" + offers,
        b"250 ok\r\n250 ok\r\n",
        *[b"354 go\r\n"] * (b"CHUNKING" not in offers),
    )
    drain.reads.extend([b"250 ok\r\n"] * (2 * 8_000_000 // CHUNK))
    drain.polls = False
    link = link_over(drain)

    async def act() -> None:
        await link.hear()
        await link.exchange(commands.ehlo("client.example"))
        await submit(link, ENVELOPE, Pieces([octets] * (8_000_000 // piece)))

    tracemalloc.start()
    run_sync(act())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Line ends and dots can double what was cut.
    assert drain.largest < 2 * CHUNK + 100
    assert peak < 2_000_000
