"""A server that breaks off at every octet, says 421 to every verb, or never stops.

Each has the outcome that its row in the table of bad input names, in bounded time and memory.
Certificates are the drivers' affair.
"""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from envoi.errors import (
    Accepted,
    ConnectionFailed,
    DeadlineExceeded,
    DeliveryError,
    Disconnected,
    MessageRejected,
    RemoteProtocolError,
    TLSFailed,
)
from envoi.session.conversation import Conversation
from envoi.session.run import run_sync
from envoi.testing import FakeClock
from tests.session.spool import TLS
from tests.session.stage import ONCE, STEPWISE, hello, mail, sending, settings

if TYPE_CHECKING:
    from envoi.ports import TLSInfo, TLSOptions
    from envoi.session.receipt import Receipt
    from tests.session.stage import Way

BODY = b"Subject: cut\r\n\r\n.\r\nx\r\n"
WIRE = b"Subject: cut\r\n\r\n..\r\nx\r\n.\r\n"
LOGIN: dict[str, Any] = {"security": "starttls", "username": "alice", "password": "open sesame!"}


DIALOGUES: dict[str, tuple[dict[str, Any], list[tuple[bytes, bytes]]]] = {
    "step by step": (
        {},
        [
            (b"", b"220-mail.example.org\r\n220 ESMTP\r\n"),
            (b"EHLO client.example\r\n", b"250-mail.example.org\r\n250 SIZE 1000\r\n"),
            (b"MAIL FROM:<a@example.org> SIZE=22\r\n", b"250 2.1.0 ok\r\n"),
            (b"RCPT TO:<b@example.org>\r\n", b"250 2.1.5 ok\r\n"),
            (b"DATA\r\n", b"354 go\r\n"),
            (WIRE, b"250 2.0.0 queued\r\n"),
        ],
    ),
    "pipelined, after STARTTLS and AUTH": (
        LOGIN,
        [
            (b"", b"220 mail.example.org\r\n"),
            (b"EHLO client.example\r\n", b"250-mail.example.org\r\n250 STARTTLS\r\n"),
            (b"STARTTLS\r\n", b"220 go\r\n"),
            (b"EHLO client.example\r\n", b"250-mail.example.org\r\n250-AUTH PLAIN\r\n250 PIPELINING\r\n"),
            (b"AUTH PLAIN AGFsaWNlAG9wZW4gc2VzYW1lIQ==\r\n", b"235 welcome\r\n"),
            (
                b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n",
                b"250 ok\r\n250 ok\r\n354 go\r\n",
            ),
            (WIRE, b"250 queued\r\n"),
        ],
    ),
    "in one flight": (
        {},
        [
            (b"", b"220 mail.example.org\r\n"),
            (b"EHLO client.example\r\n", b"250-mail.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n"),
            (
                b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nBDAT 22 LAST\r\n" + BODY,
                b"250 ok\r\n250 ok\r\n250 queued\r\n",
            ),
        ],
    ),
    "LMTP": (
        {"protocol": "lmtp"},
        [
            (b"", b"220 mail.example.org\r\n"),
            (b"LHLO client.example\r\n", b"250-mail.example.org\r\n250 PIPELINING\r\n"),
            (
                b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n",
                b"250 ok\r\n250 ok\r\n354 go\r\n",
            ),
            (WIRE, b"250 delivered\r\n"),
        ],
    ),
}


class CutStream:
    """A server that says no more than so many octets, then closes or resets the connection.

    Attributes:
        heard: what the client wrote.
        closed: whether the client let go.
    """

    peer = "192.0.2.1:25"
    local_address = "192.0.2.10"

    def __init__(self, dialogue: list[tuple[bytes, bytes]], limit: int, *, reset: bool) -> None:
        self._dialogue = dialogue
        self._limit = limit
        self._reset = reset
        self._said = 0
        self.heard = bytearray()
        self.closed = False
        self.tls: TLSInfo | None = None

    async def read(self, timeout: float | None) -> bytes:
        found = await self.poll()
        assert found is not None, "a client that waits for what nobody will say"
        return found

    async def poll(self) -> bytes | None:
        ready = self._ready()
        if self._said < min(ready, self._limit):
            whole = b"".join(reply for _, reply in self._dialogue)
            said, self._said = self._said, min(ready, self._limit)
            return whole[said : self._said]
        if self._said < self._limit:
            return None
        if self._reset:
            raise Disconnected("reset", phase=None)  # type: ignore[arg-type]
        return b""

    async def write(self, data: bytes | bytearray | memoryview, timeout: float | None) -> None:
        if self._reset and self._said >= self._limit and self._said == self._ready():
            raise Disconnected("reset", phase=None)  # type: ignore[arg-type]
        self.heard += data

    async def start_tls(self, options: TLSOptions, server_hostname: str, timeout: float | None) -> TLSInfo:
        if self._said >= self._limit:
            raise TLSFailed("reset", phase=None)  # type: ignore[arg-type]
        self.tls = TLS
        return TLS

    async def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def _ready(self) -> int:
        """How many octets the server may have said by now."""
        heard, ready = len(self.heard), 0
        for command, reply in self._dialogue:
            if heard < len(command):
                break
            heard -= len(command)
            ready += len(reply)
        return ready


class CutRuntime:
    """A runtime with one such connection."""

    def __init__(self, stream: CutStream) -> None:
        self.clock = FakeClock()
        self.connector = self
        self.stream = stream

    async def connect(self, endpoint: object, timeout: float | None) -> CutStream:
        return self.stream

    def nonce(self) -> bytes:
        return bytes(18)

    def hostname(self) -> str:
        return "client.example"


def cut(name: str, limit: int, *, reset: bool) -> tuple[Receipt | DeliveryError, bytes]:
    """Play a dialogue that breaks off there; return what came of it and what the server heard."""
    options, dialogue = DIALOGUES[name]
    stream = CutStream(dialogue, limit, reset=reset)
    conversation = Conversation(settings(**options), CutRuntime(stream))
    one = mail(body=BODY)
    try:
        result: Receipt | DeliveryError = run_sync(conversation.send(one, one.envelope()))
    except DeliveryError as error:
        assert stream.closed
        result = error
    conversation.abort()
    assert stream.closed
    return result, bytes(stream.heard)


@pytest.mark.parametrize("reset", [False, True], ids=["close", "reset"])
@pytest.mark.parametrize("name", DIALOGUES)
def test_breaking_off_at_every_octet(name: str, reset: bool) -> None:
    """Behaviours 29, 100 and 115: NO before the end was written, MAYBE after it, a receipt when told so."""
    _, dialogue = DIALOGUES[name]
    whole = b"".join(reply for _, reply in dialogue)
    said = b"".join(command for command, _ in dialogue)
    end = said[-6:]
    for limit in range(len(whole)):
        result, heard = cut(name, limit, reset=reset)
        assert isinstance(result, DeliveryError), f"a receipt after {whole[:limit]!r}"
        written = heard.endswith(end) and len(heard) == len(said)
        assert result.accepted is (Accepted.MAYBE if written else Accepted.NO), (limit, result)
        assert "sesame" not in f"{result}{result!r}"
    receipt, heard = cut(name, len(whole), reset=False)
    assert not isinstance(receipt, DeliveryError)
    assert receipt.accepted == ("b@example.org",)
    assert heard == said


@pytest.mark.parametrize("reply", [b"421 4.3.2 shutting down\r\n", b"421-one\r\n421 two\r\n"])
@pytest.mark.parametrize("name", DIALOGUES)
def test_421_instead_of_every_reply(name: str, reply: bytes) -> None:
    """Behaviours 16, 58 and 83: at any moment, and nothing was accepted."""
    options, dialogue = DIALOGUES[name]
    for index in range(len(dialogue)):
        stopped = [*dialogue[:index], (dialogue[index][0], reply), *dialogue[index + 1 :]]
        length = sum(len(said) for _, said in stopped[: index + 1])
        stream = CutStream(stopped, length, reset=False)
        conversation = Conversation(settings(**options), CutRuntime(stream))
        one = mail(body=BODY)
        with pytest.raises(DeliveryError) as caught:
            run_sync(conversation.send(one, one.envelope()))
        assert isinstance(caught.value, (ConnectionFailed, Disconnected, TLSFailed, MessageRejected)) or (
            name == "LMTP" and index == len(dialogue) - 1
        )
        assert caught.value.reply is not None
        assert (caught.value.reply.code, caught.value.accepted) == (421, Accepted.NO)
        assert stream.closed


ENDLESS = {
    "a line without end": "* raw " + "x" * 70_000,
    "a reply line without end": "* raw 250 " + "x" * 70_000,
    "a hundred thousand lines": "* repeat 100000 250-and so on",
    "lines without CRLF": "* raw 250-one\\r250-two\\r" + "x" * 9000,
    "long lines": "* repeat 300 250-" + "x" * 1000,
    "NUL": "* raw \\x00\\x00250 ok\\r\\n",
    "eight bits": "* raw \\xff\\xfe\\r\\n",
    "mixed codes": "S: 250-one\nS: 550 two",
    "no code": "S: hello",
}
PLACES = {
    "greeting": "{}",
    "EHLO": "S: 220 x\nC: EHLO client.example\n{}",
    "MAIL": hello() + "C: MAIL FROM:<a@example.org>\n{}",
    "the dot": hello() + STEPWISE.partition("S: 250 2.0.0")[0] + "{}",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("nonsense", ENDLESS)
def test_endless_and_senseless_replies(place: str, nonsense: str) -> None:
    """Behaviours 111 to 113, in bounded time and memory."""
    script = PLACES[place].format(ENDLESS[nonsense])
    tracemalloc.start()
    played = ONCE.play(script, whole=False)
    tracemalloc.stop()
    assert type(played.error) is RemoteProtocolError
    assert played.error.accepted is (Accepted.MAYBE if place == "the dot" else Accepted.NO)
    assert len(str(played.error)) < 500
    assert played.seconds == 0
    assert all(stream.closed for stream in played.runtime.streams)


@pytest.mark.parametrize("place", PLACES)
def test_one_octet_per_second(place: str) -> None:
    """Bounded by the phase's time, not by that of an octet."""
    played = ONCE.play(PLACES[place].format("* pace 1\nS: 250-" + "x" * 2000), whole=False)
    assert type(played.error) is DeadlineExceeded
    assert played.seconds <= 601


def test_a_server_that_takes_nothing() -> None:
    error = ONCE.play(
        PLACES["MAIL"].replace("C: MAIL FROM:<a@example.org>", "* deaf").format(""), whole=False
    ).error
    assert type(error) is DeadlineExceeded


@pytest.mark.parametrize(
    "dots", [b".", b"..", b".\r\n", b"\r\n.\r\n", b"\n.\n", b"\r.\r", b"a\n.\r\nQUIT\r\n"]
)
def test_no_body_ends_itself(way: Way, dots: bytes) -> None:
    """Behaviours 92 and 95: the server sees one message, whatever is in it."""
    script = hello() + PLACES["the dot"].format("")[len(hello()) :].replace("{}", "")
    played = way.play(
        script + "S: 250 queued\nC: QUIT\nS: 221 bye\n", sending(mail(body=b"S: x\r\n\r\n" + dots))
    )
    assert played.result.accepted == ("b@example.org",)
    assert played.sent.count(b"\r\n.\r\n") == 1
