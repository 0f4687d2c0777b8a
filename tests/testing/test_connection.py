"""Every fault, as a session of ours meets it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING

import pytest

from envoi import (
    Accepted,
    AsyncSMTPSession,
    AuthenticationFailed,
    ConnectionFailed,
    DeadlineExceeded,
    DeliveryError,
    Disconnected,
    MessageRejected,
    Phase,
    ProtocolError,
    RawEmail,
    RecipientsRejected,
    Rejected,
    SenderRejected,
    SMTPSession,
    Timeouts,
    TLSFailed,
)
from envoi.testing import SMTPServer, faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    from envoi import Receipt
    from envoi.testing.faults import Fault
    from envoi.testing.settings import ServerOptions

    Leave = Callable[..., Fault]

CONTENT = b"Subject: x\r\n\r\nbody\r\n"
MAIL = RawEmail(CONTENT, sender="a@example.com", recipients=["b@example.org", "c@example.org"])
NO_CHUNKING = {"PIPELINING", "STARTTLS", "AUTH", "ENHANCEDSTATUSCODES"}


@pytest.fixture(params=["blocking", "asyncio"])
def colour(request: pytest.FixtureRequest) -> str:
    return request.param


def send(colour: str, server: SMTPServer, timeout: Timeouts | float = 30.0) -> Receipt:
    async def suspending() -> Receipt:
        async with AsyncSMTPSession(**server.session_options(), timeout=timeout) as session:
            return await session.send(MAIL)

    if colour == "asyncio":
        return asyncio.run(suspending())
    with SMTPSession(**server.session_options(), timeout=timeout) as session:
        return session.send(MAIL)


def plain(*wrong: Fault, **options: Unpack[ServerOptions]) -> SMTPServer:
    changed: ServerOptions = {**options, "security": "plaintext", "faults": wrong}
    return SMTPServer(**changed)


@pytest.mark.parametrize(
    "extensions", [NO_CHUNKING, NO_CHUNKING - {"PIPELINING"}, NO_CHUNKING | {"CHUNKING"}]
)
def test_refuses_one_recipient(colour: str, extensions: set[str]) -> None:
    with plain(
        faults.reply("RCPT", "550 5.1.1 no such user", address="b@example.org"), extensions=extensions
    ) as server:
        receipt = send(colour, server)
        assert receipt.accepted == ("c@example.org",)
        assert str(receipt.refused["b@example.org"]) == "550 5.1.1 no such user"
        assert server.messages[0].recipients == ("c@example.org",)


@pytest.mark.parametrize(
    "extensions", [NO_CHUNKING, NO_CHUNKING - {"PIPELINING"}, NO_CHUNKING | {"CHUNKING"}]
)
@pytest.mark.parametrize(
    ("at", "error"),
    [
        ("MAIL", SenderRejected),
        ("RCPT", RecipientsRejected),
        ("DATA", MessageRejected),
        ("CONTENT", MessageRejected),
    ],
)
def test_refuses_with_its_phase(colour: str, at: str, error: type[Rejected], extensions: set[str]) -> None:
    if at == "DATA" and "CHUNKING" in extensions:
        at = "BDAT"
    with plain(faults.reply(at, "451 4.3.0 not now", times=2), extensions=extensions) as server:
        with pytest.raises(error) as caught:
            send(colour, server)
        assert caught.value.accepted is Accepted.NO
        assert str(caught.value.reply) == "451 4.3.0 not now"
        assert server.messages == []


@pytest.mark.parametrize("at", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "CONTENT"])
def test_ends_the_session_with_421(colour: str, at: str) -> None:
    with plain(faults.reply(at, "421 4.3.2 going down"), extensions=NO_CHUNKING) as server:
        with pytest.raises(DeliveryError) as caught:
            send(colour, server)
        assert caught.value.accepted is Accepted.NO
        assert caught.value.reply is not None
        assert caught.value.reply.code == 421


def test_refuses_per_recipient_with_lmtp(colour: str) -> None:
    with plain(faults.reply("CONTENT", "452 4.2.2 full", address="b@example.org"), protocol="lmtp") as server:
        receipt = send(colour, server)
        assert receipt.accepted == ("c@example.org",)
        assert receipt.refused["b@example.org"].code == 452
        assert server.messages[0].recipients == ("c@example.org",)


def test_greets_with_a_refusal(colour: str) -> None:
    with (
        plain(faults.reply("GREETING", "554 5.7.1 go away")) as server,
        pytest.raises(ConnectionFailed, match="go away"),
    ):
        send(colour, server)


def test_knows_no_ehlo(colour: str) -> None:
    with plain(faults.reply("EHLO", "502 5.5.1 what?")) as server:
        assert send(colour, server).accepted
        assert server.messages[0].parameters == {}
        assert "C: HELO" in server.dialogues[0][3]


def test_strips_starttls(colour: str) -> None:
    with SMTPServer(faults=[faults.hide("STARTTLS")]) as server:
        with pytest.raises(TLSFailed, match="does not offer STARTTLS"):
            send(colour, server)
        assert server.messages == []


def test_refuses_starttls(colour: str) -> None:
    with (
        SMTPServer(faults=[faults.reply("STARTTLS", "454 4.7.0 no TLS today")]) as server,
        pytest.raises(TLSFailed, match="no TLS today"),
    ):
        send(colour, server)


def test_agrees_to_starttls_without_having_it() -> None:
    with plain(faults.advertise("STARTTLS"), faults.reply("STARTTLS", "220 go")) as server:
        session = SMTPSession(server.host, server.port, timeout=30.0)
        with pytest.raises(DeliveryError) as caught:
            session.open()
        assert caught.value.phase is Phase.TLS


@pytest.mark.parametrize("pace", [None, 0.0])
def test_injects_plaintext_behind_starttls(colour: str, pace: float | None) -> None:
    wrong = [faults.extra("STARTTLS", b"250 evil\r\n")]
    if pace is not None:
        wrong.append(faults.dribble("STARTTLS", pace))
    with SMTPServer(faults=wrong) as server:
        with pytest.raises(DeliveryError):
            send(colour, server)
        assert server.messages == []


def test_offers_logins_in_clear_alone(colour: str) -> None:
    wrong = [faults.hide("AUTH", encrypted=True), faults.advertise("AUTH PLAIN LOGIN", encrypted=False)]
    with SMTPServer(accounts={"u": "pencil"}, faults=wrong) as server:
        with pytest.raises(AuthenticationFailed):
            send(colour, server)
        assert not [line for line in server.dialogues[0] if line.startswith("C: AUTH")]


def test_offers_logins_on_a_clear_channel(colour: str) -> None:
    with plain(faults.advertise("AUTH PLAIN LOGIN"), accounts={"u": "pencil"}) as server:
        with pytest.raises(AuthenticationFailed):
            send(colour, server)
        assert not [line for line in server.dialogues[0] if line.startswith("C: AUTH")]


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1"])
def test_cannot_prove_that_it_knows_the_password(colour: str, mechanism: str) -> None:
    with SMTPServer(
        faults=[faults.wrong_signature()], accounts={"u": "pencil"}, mechanisms=[mechanism]
    ) as server:
        with pytest.raises(DeliveryError) as caught:
            send(colour, server)
        assert caught.value.phase is Phase.AUTH
        assert server.messages == []


def test_accepts_before_it_was_asked(colour: str) -> None:
    wrong = faults.reply("AUTH", "235 2.7.0 come in")
    with (
        SMTPServer(faults=[wrong], accounts={"u": "pencil"}, mechanisms=["SCRAM-SHA-256"]) as server,
        pytest.raises(DeliveryError) as caught,
    ):
        send(colour, server)
    assert caught.value.phase is Phase.AUTH


@pytest.mark.parametrize("extensions", [NO_CHUNKING, NO_CHUNKING | {"CHUNKING"}])
@pytest.mark.parametrize("leave", [faults.drop, faults.reset])
def test_leaves_before_it_answers_the_message(colour: str, leave: Leave, extensions: set[str]) -> None:
    with plain(leave("CONTENT", before_reply=True), extensions=extensions) as server:
        with pytest.raises(Disconnected) as caught:
            send(colour, server)
        assert caught.value.accepted is Accepted.MAYBE
        assert len(server.messages) == 1


def test_loses_the_message_and_leaves(colour: str) -> None:
    with plain(faults.reply("CONTENT", "451 lost"), faults.drop("CONTENT", before_reply=True)) as server:
        with pytest.raises(Disconnected) as caught:
            send(colour, server)
        assert caught.value.accepted is Accepted.MAYBE
        assert server.messages == []


@pytest.mark.parametrize("at", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("leave", [faults.drop, faults.reset])
def test_leaves_before_it_answers(colour: str, leave: Leave, at: str) -> None:
    with plain(leave(at, before_reply=True), extensions=NO_CHUNKING) as server:
        # A reset can overtake the client while it connects.
        with pytest.raises((Disconnected, ConnectionFailed)) as caught:
            send(colour, server)
        assert caught.value.accepted is Accepted.NO
        assert server.messages == []


def test_leaves_after_its_answer(colour: str) -> None:
    with plain(faults.drop("QUIT"), faults.drop("CONTENT")) as server:
        assert send(colour, server).accepted


@pytest.mark.parametrize(
    ("at", "impatient"),
    [
        ("GREETING", Timeouts(greeting=0.05)),
        *((at, Timeouts(reply=0.05)) for at in ("EHLO", "MAIL", "RCPT", "DATA")),
        ("CONTENT", Timeouts(final=0.05)),
    ],
)
def test_never_answers(colour: str, at: str, impatient: Timeouts) -> None:
    with plain(faults.silence(at), extensions=()) as server:
        with pytest.raises(DeadlineExceeded) as caught:
            send(colour, server, timeout=impatient)
        assert caught.value.accepted is (Accepted.MAYBE if at == "CONTENT" else Accepted.NO)


def test_takes_its_time(colour: str) -> None:
    slow = [faults.delay("CONTENT", 0.1, connection=1), faults.delay("CONTENT", 60, connection=2)]
    with plain(*slow, extensions=NO_CHUNKING) as server:
        assert send(colour, server).accepted
        with pytest.raises(DeadlineExceeded) as caught:
            send(colour, server, timeout=Timeouts(final=0.02))
        assert caught.value.phase is Phase.FINAL


@pytest.mark.parametrize("security", ["plaintext", "starttls", "tls"])
def test_dribbles(colour: str, security: str) -> None:
    wrong = [faults.dribble(verb) for verb in ("GREETING", "STARTTLS", "MAIL", "RCPT", "CONTENT")]
    with SMTPServer(security=security, faults=wrong) as server:
        assert send(colour, server).accepted


@pytest.mark.parametrize(
    "wrong",
    [
        faults.octets("RCPT", b"\x16\x03\x01 what is this?\r\n"),
        faults.octets("RCPT", b"\r\n"),
        faults.octets("RCPT", "٢٥٠ ok\r\n".encode()),
        faults.octets("MAIL", b"250-one\r\n550 two\r\n"),
        faults.extra("RCPT", b"250 2.1.5 another\r\n"),
        faults.extra("EHLO", b"250 early\r\n"),
        faults.endless("EHLO"),
        faults.endless("CONTENT"),
        faults.octets("MAIL", b"250 " + b"x" * 100_000),
    ],
)
@pytest.mark.parametrize("extensions", [NO_CHUNKING, NO_CHUNKING - {"PIPELINING"}])
def test_talks_nonsense(colour: str, wrong: Fault, extensions: set[str]) -> None:
    with plain(wrong, extensions=extensions) as server, pytest.raises(ProtocolError):
        send(colour, server)


def test_leaves_one_reply_out(colour: str) -> None:
    with plain(faults.silence("RCPT"), extensions=NO_CHUNKING) as server:
        with pytest.raises(DeliveryError):
            send(colour, server, timeout=Timeouts(reply=0.05))
        assert server.messages == []


@pytest.mark.parametrize("at", ["GREETING", "EHLO", "RCPT", "CONTENT"])
def test_leaves_in_the_middle_of_a_reply(colour: str, at: str) -> None:
    with plain(faults.half_reply(at)) as server, pytest.raises(Disconnected, match="in the middle"):
        send(colour, server)


def octets_of_a_session(server: SMTPServer) -> tuple[int, int]:
    """How many octets a whole session of ours sends and receives in clear."""
    said = server.dialogues[0]
    replies = sum(len(line) - 3 + 2 for line in said if line.startswith("S: "))
    commands = sum(
        len(line) - 3 + 2 for line in said if line.startswith("C: ") and not line.startswith("C: (")
    )
    return commands + len(CONTENT) + len(b".\r\n"), replies


@pytest.mark.parametrize("leave", [faults.drop, faults.reset])
@pytest.mark.parametrize("direction", ["input", "output"])
def test_leaves_at_any_octet(leave: Leave, direction: str) -> None:
    with plain(extensions=NO_CHUNKING) as server:
        send("blocking", server)
        whole = octets_of_a_session(server)[direction == "output"]
        outcomes = []
        for octets in range(0, whole, 7):
            server.messages.clear()
            fault: Fault = (
                leave(after_input_octets=octets)
                if direction == "input"
                else leave(after_output_octets=octets)
            )
            server.faults[:] = [fault]
            try:
                outcome = Accepted.YES if send("blocking", server).accepted else None
            except DeliveryError as error:
                outcome = error.accepted
            outcomes.append(outcome)
            # What the server has taken, the client knows of or is in doubt about.
            assert not (server.messages and outcome is Accepted.NO)
            assert not (outcome is Accepted.YES and not server.messages)
    assert {Accepted.NO, Accepted.MAYBE} <= set(outcomes)


def test_counts_octets_per_connection(colour: str) -> None:
    with plain(faults.drop(after_output_octets=10, connection=1)) as server:
        with pytest.raises(Disconnected, match="220 mail"):
            send(colour, server)
        assert send(colour, server).accepted


def test_shows_an_idle_client_the_door() -> None:
    with (
        plain(idle_timeout=0.01) as server,
        socket.create_connection((server.host, server.port), timeout=30) as connected,
        connected.makefile("rb") as lines,
    ):
        assert [line[:8] for line in lines] == [b"220 mail", b"421 idle"]
    assert server.dialogues[0][1] == "S: 421 idle for too long"


def test_discards_what_a_client_says_in_clear_behind_starttls() -> None:
    with (
        SMTPServer() as server,
        socket.create_connection((server.host, server.port), timeout=30) as connected,
    ):
        connected.sendall(b"EHLO x\r\nSTARTTLS\r\nMAIL FROM:<evil@example.com>\r\n")
        said = b""
        while b"220 2.0.0" not in said:
            said += connected.recv(65536)
        context = ssl.create_default_context(cafile=server.ca_file)
        with context.wrap_socket(connected, server_hostname=server.host) as secured:
            secured.sendall(b"EHLO x\r\nRCPT TO:<b@example.org>\r\nQUIT\r\n")
            said = b""
            while data := secured.recv(65536):
                said += data
        assert b"503 5.5.1" in said
        assert not [line for line in server.dialogues[0] if "evil" in line]


def test_survives_a_client_that_fails_the_handshake() -> None:
    with SMTPServer(security="tls") as server:
        with socket.create_connection((server.host, server.port), timeout=30) as connected:
            connected.sendall(b"EHLO not TLS at all\r\n" * 20)
            try:
                while connected.recv(65536):
                    pass
            except ConnectionError:
                pass
        assert send("blocking", server).accepted
    assert server.dialogues[0] == ["* the TLS handshake failed", "* closed"]
