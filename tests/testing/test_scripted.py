from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from envoi import (
    Accepted,
    AuthenticationFailed,
    ConnectionFailed,
    DeadlineExceeded,
    Disconnected,
    ProtocolError,
    RawEmail,
    TLSFailed,
    TLSOptions,
)
from envoi.ports import Endpoint
from envoi.session.conversation import Conversation
from envoi.session.run import run_sync
from envoi.session.settings import Security, Settings
from envoi.testing import Chunking, ScriptedRuntime

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path
    from typing import Any

    from envoi import Receipt
    from envoi.testing.scripted import ScriptedStream

    Run = Callable[[Coroutine[Any, Any, Any]], Any]

MAIL = RawEmail(b"Subject: hi\r\n\r\nHello\r\n.dot\r\n", sender="a@example.com", recipients=["b@example.org"])

WHOLE = """
S: 220 mail.example.org ESMTP
C: EHLO client.example
S: 250-mail.example.org
S: 250 STARTTLS
C: STARTTLS
S: 220 go
* tls
C: EHLO client.example
S: 250-mail.example.org
S: 250-PIPELINING
S: 250 AUTH PLAIN
C: AUTH PLAIN *
S: 235 2.7.0 welcome
C: MAIL FROM:<a@example.com>
C: RCPT TO:<b@example.org>
C: DATA
S: 250 2.1.0 ok
S: 250 2.1.5 ok
S: 354 go
C: Subject: hi
C:
C: Hello
C: ..dot
C: .
S: 250 2.0.0 queued as 4711
C: QUIT
S: 221 bye
* close
"""


def settings(**changes: Any) -> Settings:
    values: dict[str, Any] = {
        "endpoint": Endpoint(host="mail.example.org", port=2525),
        "username": "user",
        "password": "pencil",
    }
    return Settings(**{**values, **changes})


def in_clear() -> Settings:
    return settings(username=None, password=None, security=Security.PLAINTEXT)


async def send(runtime: ScriptedRuntime, chosen: Settings) -> Receipt:
    conversation = Conversation(chosen, runtime)
    try:
        return await conversation.send(MAIL, MAIL.envelope())
    finally:
        await conversation.close()


@pytest.fixture(params=["blocking", "asyncio"])
def run(request: pytest.FixtureRequest) -> Run:
    return run_sync if request.param == "blocking" else asyncio.run


@pytest.mark.parametrize("chunking", Chunking)
def test_plays_a_whole_session(run: Run, chunking: Chunking) -> None:
    runtime = ScriptedRuntime(WHOLE, chunking)
    receipt = run(send(runtime, settings()))
    assert receipt.reply.text == "queued as 4711"
    assert runtime.streams[0].sent.endswith(b"\r\n..dot\r\n.\r\nQUIT\r\n")
    assert runtime.endpoints == [Endpoint(host="mail.example.org", port=2525)]
    runtime.assert_finished()


def test_reads_a_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "whole.smtp"
    file.write_text(WHOLE, "utf-8")
    run(send(ScriptedRuntime(file), settings()))


def test_notices_another_command(run: Run) -> None:
    with pytest.raises(AssertionError, match=r"expects 'HELO \*'.*EHLO client.example"):
        run(send(ScriptedRuntime("S: 220 hi\nC: HELO *"), settings()))


def test_notices_a_client_that_goes_on(run: Run) -> None:
    with pytest.raises(AssertionError, match="the client goes on: b'EHLO"):
        run(send(ScriptedRuntime("S: 220 hi"), settings()))


def test_notices_a_client_that_does_not() -> None:
    runtime = ScriptedRuntime("S: 220 hi\nC: EHLO *")
    with pytest.raises(AssertionError, match="less often"):
        runtime.assert_finished()
    stream = run_sync(runtime.connector.connect(Endpoint(host="h", port=1), None))
    with pytest.raises(AssertionError, match=r"line 2 \(C: EHLO \*\) was not reached"):
        runtime.assert_finished()
    run_sync(stream.write(b"EHLO x\r\n", None))
    with pytest.raises(AssertionError, match="left a connection open"):
        runtime.assert_finished()


def test_notices_a_connection_too_many(run: Run) -> None:
    runtime = ScriptedRuntime("* refuse nobody listens")
    with pytest.raises(ConnectionFailed, match="nobody listens"):
        run(send(runtime, settings()))
    with pytest.raises(AssertionError, match="once more"):
        run(send(runtime, settings()))


def test_has_silence_take_no_time(run: Run) -> None:
    runtime = ScriptedRuntime("S: 220 hi\nC: EHLO *")
    with pytest.raises(DeadlineExceeded):
        run(send(runtime, settings()))
    assert runtime.clock.monotonic() == 60.0


def test_has_pauses_take_their_time(run: Run) -> None:
    runtime = ScriptedRuntime("* wait 59\nS: 220 hi\nC: EHLO *\n* wait 61\nS: 250 hi")
    with pytest.raises(DeadlineExceeded):
        run(send(runtime, settings()))
    assert runtime.clock.monotonic() == 119.0


def test_dribbles(run: Run) -> None:
    runtime = ScriptedRuntime("* pace 1\nS: 220 " + "x" * 70)
    with pytest.raises(DeadlineExceeded):
        run(send(runtime, settings()))
    assert runtime.clock.monotonic() == 60.0


@pytest.mark.parametrize("chunking", Chunking)
@pytest.mark.parametrize("ending", ["close", "reset"])
def test_ends_the_connection_after_the_dot(run: Run, chunking: Chunking, ending: str) -> None:
    runtime = ScriptedRuntime(
        f"""
        S: 220 hi
        C: EHLO *
        S: 250 hi
        C: MAIL FROM:<a@example.com>
        S: 250 ok
        C: RCPT TO:<b@example.org>
        S: 250 ok
        C: DATA
        S: 354 go
        * message
        * {ending}
        """,
        chunking,
    )
    with pytest.raises(Disconnected) as caught:
        run(send(runtime, in_clear()))
    assert caught.value.accepted is Accepted.MAYBE
    runtime.assert_finished()


@pytest.mark.parametrize("chunking", Chunking)
def test_injects_octets_behind_the_220(run: Run, chunking: Chunking) -> None:
    runtime = ScriptedRuntime(
        "S: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\nS: 250 evil\n* tls",
        chunking,
    )
    with pytest.raises(ProtocolError, match="in clear"):
        run(send(runtime, settings()))


def test_fails_a_handshake(run: Run) -> None:
    runtime = ScriptedRuntime("* tls failed the certificate has expired")
    with pytest.raises(TLSFailed, match="has expired"):
        run(send(runtime, settings(security=Security.TLS)))
    runtime.assert_finished()


def test_notices_a_handshake_that_is_not_due() -> None:
    runtime = ScriptedRuntime("S: 220 hi")
    stream = run_sync(runtime.connector.connect(Endpoint(host="h", port=1), None))
    run_sync(stream.read(1))
    with pytest.raises(AssertionError, match="the transcript is over"):
        run_sync(stream.start_tls(TLSOptions(), "h", None))


def test_speaks_raw_octets_and_repeats(run: Run) -> None:
    runtime = ScriptedRuntime(r"* raw 220 hi\x00\xff\r\n" + "\nC: EHLO *\n* repeat 300 250-more")
    with pytest.raises(ProtocolError, match="256 lines"):
        run(send(runtime, settings()))


def test_takes_any_octets_of_a_chunk(run: Run) -> None:
    runtime = ScriptedRuntime(
        """
        S: 220 hi
        C: EHLO *
        S: 250-hi
        S: 250 CHUNKING
        C: MAIL FROM:<a@example.com>
        S: 250 ok
        C: RCPT TO:<b@example.org>
        S: 250 ok
        C: BDAT * LAST
        * octets 28
        S: 250 ok
        C: QUIT
        S: 221 bye
        """
    )
    run(send(runtime, in_clear()))
    runtime.assert_finished()


def test_takes_no_more_octets(run: Run) -> None:
    runtime = ScriptedRuntime("S: 220 hi\n* deaf")
    with pytest.raises(DeadlineExceeded):
        run(send(runtime, settings()))


def test_gives_every_connection_its_own_dialogue(run: Run) -> None:
    runtime = ScriptedRuntime(
        "* connect\nS: 421 later\n* close\n* connect\n"
        + WHOLE.replace("S: 235", "S: 535")[: WHOLE.index("C: MAIL")]
    )
    with pytest.raises(ConnectionFailed, match="421"):
        run(send(runtime, settings()))
    with pytest.raises(AuthenticationFailed):
        run(send(runtime, settings()))
    assert len(runtime.streams) == 2


def test_gives_the_same_nonce_and_name_always() -> None:
    runtime = ScriptedRuntime("", nonce=b"n" * 18, hostname="here.example")
    assert runtime.nonce() == runtime.nonce() == b"n" * 18
    assert runtime.hostname() == "here.example"


def stream(transcript: str) -> ScriptedStream:
    return run_sync(ScriptedRuntime(transcript).connector.connect(Endpoint(host="h", port=1), None))


def test_leaves_the_rest_of_a_pause_to_the_next_read() -> None:
    runtime = ScriptedRuntime("* wait 5\nS: 220 hi")
    connected = run_sync(runtime.connector.connect(Endpoint(host="h", port=1), None))
    with pytest.raises(DeadlineExceeded):
        run_sync(connected.read(3))
    assert run_sync(connected.poll()) is None
    assert run_sync(connected.read(2)) == b"220 hi\r\n"
    assert runtime.clock.monotonic() == 5


def test_polls_what_is_there() -> None:
    assert run_sync(stream("S: 220 hi").poll()) == b"220 hi\r\n"
    assert run_sync(stream("C: NOOP").poll()) is None
    assert run_sync(stream("* close").poll()) == b""
    with pytest.raises(Disconnected):
        run_sync(stream("* reset").poll())


def test_writes_into_the_void_once_the_server_has_left() -> None:
    run_sync(stream("* close").write(b"QUIT\r\n", None))
    with pytest.raises(Disconnected):
        run_sync(stream("* reset").write(b"QUIT\r\n", None))


def test_shakes_no_hand_that_is_gone_or_talks() -> None:
    with pytest.raises(Disconnected):
        run_sync(stream("* close").start_tls(TLSOptions(), "h", None))
    with pytest.raises(ProtocolError):
        run_sync(stream("S: 220 hi\n* tls").start_tls(TLSOptions(), "h", None))


def test_is_of_no_use_once_closed() -> None:
    connected = stream("S: 220 hi")
    run_sync(connected.close())
    with pytest.raises(Disconnected, match="by our own side"):
        run_sync(connected.read(1))


def test_waits_for_nothing_for_ever() -> None:
    with pytest.raises(AssertionError, match=r"waits for ever: line 1 \(C: NOOP\)"):
        run_sync(stream("C: NOOP").read(None))
