"""A session over its life: opened when needed, reopened unnoticed, never twice, never after a maybe."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from envoi.errors import (
    Accepted,
    ConnectionFailed,
    DeadlineExceeded,
    Disconnected,
    NotSupportedByServer,
    Phase,
    RecipientsRejected,
    RemoteProtocolError,
    UsageError,
)
from envoi.message.envelope import Envelope
from envoi.session.conversation import Conversation, each
from envoi.session.run import run_sync
from envoi.testing import Chunking, ScriptedRuntime
from tests.session.contents import Pieces
from tests.session.stage import FLIGHT, ONCE, QUIT, STEPWISE, hello, mail, sending, settings

if TYPE_CHECKING:
    from collections.abc import Generator

    from envoi.session.receipt import Receipt
    from tests.session.stage import Way

AGAIN = "* connect\n" + hello("PIPELINING") + FLIGHT + QUIT


async def twice(conversation: Conversation) -> Receipt:
    """Send two mails with a pause between them."""
    one = mail()
    await conversation.send(one, one.envelope())
    conversation._runtime.clock.advance(100)  # type: ignore[attr-defined]
    return await conversation.send(one, one.envelope())


def test_opens_itself_for_the_first_message(way: Way) -> None:
    assert way.play(hello() + STEPWISE + QUIT).result.accepted == ("b@example.org",)


def test_a_session_without_a_loop_takes_nothing_asynchronous() -> None:
    """It is refused before anything is connected."""
    runtime = ScriptedRuntime("")
    conversation = Conversation(settings(), runtime, waits=False)
    envelope = Envelope.of("a@example.org", ["b@example.org"])
    with pytest.raises(UsageError, match="use AsyncSMTPSession"):
        run_sync(conversation.send(Pieces([], is_async=True), envelope))
    assert runtime.endpoints == []


def test_sends_several_over_one_connection(way: Way) -> None:
    """Behaviour 118."""
    played = way.play(hello("PIPELINING") + FLIGHT * 3 + QUIT, sending(mail(), mail(), mail()))
    assert len(played.runtime.streams) == 1


@pytest.mark.parametrize(
    "end", ["* close", "* reset", "S: 421 4.4.2 idle for too long\n* close", "S: 421 bye"]
)
def test_reopens_what_the_server_closed_while_it_was_idle(way: Way, end: str) -> None:
    """Unnoticed, and before a word is said."""
    played = way.play(hello("PIPELINING") + FLIGHT + end + "\n" + AGAIN, twice)
    assert played.result.accepted == ("b@example.org",)
    assert "*: the connection was no longer good; opening another" in played.lines
    assert played.runtime.streams[0].sent.count(b"MAIL FROM") == 1


@pytest.mark.parametrize("end", ["* close", "* reset", "S: 421 4.4.2 idle\n* close"])
def test_reopens_when_only_the_answer_tells_that_it_was_closed(way: Way, end: str) -> None:
    dying = "C: MAIL FROM:<a@example.org>\nC: RCPT TO:<b@example.org>\nC: DATA\n" + end
    played = way.play(hello("PIPELINING") + FLIGHT + dying + "\n" + AGAIN, twice)
    assert played.result.accepted == ("b@example.org",)
    assert "*: the connection was no longer good; opening another" in played.lines


def test_reopens_once_only(way: Way) -> None:
    dying = "C: MAIL FROM:<a@example.org>\nC: RCPT TO:<b@example.org>\nC: DATA\n* close\n"
    script = hello("PIPELINING") + FLIGHT + dying + "* connect\n" + hello("PIPELINING") + dying
    error = way.play(script, twice).error
    assert type(error) is Disconnected
    assert (error.phase, error.accepted) == (Phase.MAIL, Accepted.NO)


def test_does_not_repeat_itself_on_a_fresh_connection(way: Way) -> None:
    dying = "C: MAIL FROM:<a@example.org>\nC: RCPT TO:<b@example.org>\nC: DATA\n* close\n"
    assert type(way.play(hello("PIPELINING") + dying).error) is Disconnected


@pytest.mark.parametrize("said", ["S: 250 ok\n* close", "S: 250 ok\nS: 421 too many recipients"])
def test_does_not_repeat_what_the_server_has_heard_of(way: Way, said: str) -> None:
    dying = f"C: MAIL FROM:<a@example.org>\nC: RCPT TO:<b@example.org>\nC: DATA\n{said}\n"
    error = way.play(hello("PIPELINING") + FLIGHT + dying, twice).error
    assert type(error) is Disconnected
    assert error.phase is Phase.RCPT


def test_never_repeats_itself_after_a_maybe(way: Way) -> None:
    dying = FLIGHT.partition("S: 250 2.0.0")[0] + "* close"
    error = way.play(hello("PIPELINING") + FLIGHT + dying, twice).error
    assert error.accepted is Accepted.MAYBE


def test_never_repeats_a_flight_that_had_the_message_in_it(way: Way) -> None:
    """Whether the server read it before it left, nobody knows."""
    bdat = "C: MAIL FROM:<a@example.org> SIZE=22\nC: RCPT TO:<b@example.org>\nC: BDAT 22 LAST\n* octets 22\n"
    script = (
        hello("PIPELINING", "CHUNKING", "SIZE") + bdat + "S: 250 ok\nS: 250 ok\nS: 250 q\n" + bdat + "* close"
    )
    error = way.play(script, sending(mail(), mail())).error
    assert (error.phase, error.accepted) == (Phase.MAIL, Accepted.MAYBE)


def test_a_flight_that_was_not_written_is_no_maybe(way: Way) -> None:
    """The server left while the content was being fetched."""
    script = hello("PIPELINING", "CHUNKING", "SIZE") + "* wait 50\n* raw \\r\\n\n"

    class Slow(Pieces):
        def chunks(self, used):
            runtime.clock.advance(100)
            for piece in runtime.connector.players[0].pieces:
                object.__setattr__(piece, "after", 0.0)
            yield b"x\r\n"

    runtime: Any = None

    async def act(conversation: Conversation) -> None:
        nonlocal runtime
        runtime = conversation._runtime
        await conversation.send(Slow([], known=3), Envelope.of("a@example.org", ["b@example.org"]))

    played = way.play(script, act)
    assert type(played.error) is RemoteProtocolError
    assert played.error.accepted is Accepted.NO
    assert b"MAIL" not in played.sent


def test_waits_for_the_envelope_on_a_connection_that_was_idle(way: Way) -> None:
    """A message sent blindly into a dead connection would be a maybe for nothing."""
    envelope = "C: MAIL FROM:<a@example.org> SIZE=22\nC: RCPT TO:<b@example.org>\n"
    first = envelope + "C: BDAT 22 LAST\n* octets 22\nS: 250 ok\nS: 250 ok\nS: 250 q\n"
    second = envelope + "S: 250 ok\nS: 250 ok\nC: BDAT 22 LAST\n* octets 22\nS: 250 q\n"
    played = way.play(hello("PIPELINING", "CHUNKING", "SIZE") + first + second + QUIT, twice)
    assert played.result.accepted == ("b@example.org",)


def test_a_server_that_cannot_forget_is_left(way: Way) -> None:
    """Behaviour 84: RSET is refused, so what the server would make of the next envelope is unknown."""
    refused = FLIGHT.partition("S: 250 2.1.5")[0] + "S: 550 no\nS: 503 no\n"
    stuck = (
        "C: RSET" + FLIGHT.partition("S: ")[0] + "S: 500 what?\nS: 503 nested MAIL\nS: 250 ok\nS: 354 go\n"
    )

    async def act(conversation: Conversation) -> Receipt:
        one = mail()
        with pytest.raises(RecipientsRejected):
            await conversation.send(one, one.envelope())
        return await conversation.send(one, one.envelope())

    played = way.play(hello("PIPELINING") + refused + stuck + AGAIN, act)
    assert played.result.accepted == ("b@example.org",)


def test_a_stale_transaction_is_cleared_before_a_message_is_risked(way: Way) -> None:
    offers = hello("PIPELINING", "CHUNKING", "SIZE")
    envelope = "C: MAIL FROM:<a@example.org> SIZE=22\nC: RCPT TO:<b@example.org>\n"
    message = "C: BDAT 22 LAST\n* octets 22\n"
    script = envelope + message + "S: 250 ok\nS: 550 no\nS: 503 no\n"
    script += "C: RSET\n" + envelope + "S: 250 ok\nS: 250 ok\nS: 250 ok\n" + message + "S: 250 q\n" + QUIT

    async def act(conversation: Conversation) -> Receipt:
        one = mail()
        with pytest.raises(RecipientsRejected):
            await conversation.send(one, one.envelope())
        return await conversation.send(one, one.envelope())

    assert way.play(offers + script, act).result.accepted == ("b@example.org",)


def test_changes_the_connection_when_the_server_wants_no_more(way: Way) -> None:
    """RFC 9422: MAILMAX."""
    once = hello("PIPELINING", "LIMITS MAILMAX=1") + FLIGHT + QUIT
    played = way.play(once + "* connect\n" + once, sending(mail(), mail()))
    assert len(played.runtime.streams) == 2


@pytest.mark.parametrize(
    "reply", ["S: 500 what?", "S: 421 bye", "* close", "* reset", "", "* raw nonsense\\r\\n"]
)
def test_a_failing_quit_changes_nothing(way: Way, reply: str) -> None:
    """Behaviour 120: nor does it take long."""
    played = way.play(hello() + STEPWISE + "C: QUIT\n" + reply)
    assert played.result.accepted == ("b@example.org",)
    assert played.error is None
    assert played.seconds <= 2


def test_closing_twice_is_closing_once(way: Way) -> None:
    """Behaviour 121."""

    async def act(conversation: Conversation) -> None:
        await conversation.open()
        await conversation.close()
        await conversation.close()
        assert not conversation.is_open

    way.play(hello() + QUIT, act)


def test_nothing_works_after_closing_until_it_is_opened_again(way: Way) -> None:
    """Behaviours 12 and 122."""

    async def act(conversation: Conversation) -> Receipt:
        await conversation.open()
        await conversation.close()
        one = mail()
        for use in (conversation.send(one, one.envelope()), conversation.noop(), conversation.verify("b")):
            with pytest.raises(UsageError, match="session is closed"):
                await use
        assert (conversation.capabilities, conversation.tls) == (None, None)
        await conversation.open()
        assert "SIZE" not in (conversation.capabilities or ["SIZE"])
        return await conversation.send(one, one.envelope())

    assert way.play(hello("SIZE") + QUIT + AGAIN, act).result is not None


def test_opening_twice_is_a_mistake(way: Way) -> None:
    """Behaviour 11."""

    async def act(conversation: Conversation) -> None:
        await conversation.open()
        with pytest.raises(UsageError, match="open already"):
            await conversation.open()

    way.play(hello() + QUIT, act)


def test_closing_at_once_says_nothing(way: Way) -> None:
    async def act(conversation: Conversation) -> None:
        await conversation.open()
        conversation.abort()
        conversation.abort()
        with pytest.raises(UsageError):
            await conversation.noop()

    assert b"QUIT" not in way.play(hello(), act).sent


def test_a_failing_login_leaves_nothing_open(way: Way) -> None:
    async def act(conversation: Conversation) -> None:
        with pytest.raises(ConnectionFailed):
            await conversation.open()
        assert not conversation.is_open

    way.play("S: 554 no", act)


def test_says_noop_and_vrfy(way: Way) -> None:
    """Behaviour 119."""

    async def act(conversation: Conversation) -> list[str]:
        replies = [await conversation.noop(), await conversation.verify("bob")]
        return [str(reply) for reply in replies]

    played = way.play(hello() + "C: NOOP\nS: 250 ok\nC: VRFY bob\nS: 252 2.5.1 perhaps\n" + QUIT, act)
    assert played.result == ["250 ok", "252 2.5.1 perhaps"]


def test_asks_in_utf8_only_where_it_is_understood(way: Way) -> None:
    """Behaviour 119."""

    async def act(conversation: Conversation) -> str:
        return str(await conversation.verify("zoë@example.org"))

    assert (
        way.play(hello("SMTPUTF8") + "C: VRFY zoë@example.org SMTPUTF8\nS: 252 ok\n" + QUIT, act).result
        == "252 ok"
    )
    assert type(way.play(hello() + QUIT, act).error) is NotSupportedByServer


def test_each_call_has_the_whole_deadline() -> None:
    script = hello() + (STEPWISE.replace("S: 250 2.0.0", "* wait 8\nS: 250 2.0.0")) * 2 + QUIT
    played = ONCE.play(script, sending(mail(), mail()), deadline=10)
    assert played.error is None
    assert played.seconds == 16


def test_an_exceeded_deadline_ends_the_connection() -> None:
    """Behaviour 125: no late reply can be paired with a later command."""

    async def act(conversation: Conversation) -> None:
        one = mail()
        with pytest.raises(DeadlineExceeded):
            await conversation.send(one, one.envelope())
        assert not conversation.is_open

    script = hello() + STEPWISE.replace("S: 250 2.0.0", "* wait 30\nS: 250 2.0.0")
    assert ONCE.play(script, act, deadline=10).seconds == 10


def test_tells_where_and_how() -> None:
    conversation = Conversation(settings(password="open sesame", username="alice"), ScriptedRuntime(""))
    assert str(conversation) == "mail.example.org:25 plaintext, not open"


def test_iterates_over_both_kinds() -> None:
    async def numbers():
        yield 1
        yield 2

    async def collect() -> list[list[int]]:
        return [[one async for one in each(source)] for source in (numbers(), [1, 2])]

    assert asyncio.run(collect()) == [[1, 2], [1, 2]]


class Suspending:
    """A stream that suspends before each wait, and is cancelled at the n-th one."""

    def __init__(self, stream: Any, pauses: Pauses) -> None:
        self._stream = stream
        self._pauses = pauses

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._stream, name)
        if name not in {"read", "write", "poll", "start_tls", "close"}:
            return found

        async def paused(*arguments: Any) -> Any:
            await self._pauses
            return await found(*arguments)

        return paused


class Pauses:
    """Counts suspensions, and cancels the task at one of them."""

    def __init__(self, cancelled_at: int) -> None:
        self.left = cancelled_at

    def __await__(self) -> Generator[Any, None, None]:
        self.left -= 1
        if self.left == 0:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        yield from asyncio.sleep(0).__await__()


def _cancelled_at(number: int, script: str, **options: Any) -> tuple[ScriptedRuntime, bool]:
    """Send a mail and be cancelled at this suspension; return whether that happened at all."""
    runtime = ScriptedRuntime(script, Chunking.LINES)
    pauses = Pauses(number)
    connect = runtime.connector.connect

    class Connector:
        async def connect(self, endpoint: Any, timeout: float | None) -> Any:
            await pauses
            return Suspending(await connect(endpoint, timeout), pauses)

    class Runtime:
        clock, connector = runtime.clock, Connector()
        nonce, hostname = runtime.nonce, runtime.hostname

    conversation = Conversation(settings(**options), Runtime())

    async def main() -> bool:
        one = mail()
        try:
            await conversation.send(one, one.envelope())
        except asyncio.CancelledError:
            assert not conversation.is_open
            return True
        assert conversation.is_open
        conversation.abort()
        return False

    return runtime, asyncio.run(main())


@pytest.mark.parametrize(
    ("script", "options"),
    [
        (hello() + STEPWISE, {}),
        (hello("PIPELINING") + FLIGHT, {}),
        (
            hello("STARTTLS")
            + "C: STARTTLS\nS: 220 go\n* tls\n"
            + hello("AUTH PLAIN", greeting="")
            + "C: AUTH PLAIN *\nS: 235 ok\n"
            + STEPWISE,
            {"security": "starttls", "username": "alice", "password": "open sesame"},
        ),
    ],
)
def test_cancelled_anywhere_leaves_a_closed_connection(script: str, options: dict[str, Any]) -> None:
    """Behaviours 7 and 124: at every await, one after the other."""
    number, cancelled = 0, True
    while cancelled:
        number += 1
        runtime, cancelled = _cancelled_at(number, script, **options)
        assert all(stream.closed for stream in runtime.streams)
    assert number > 10
