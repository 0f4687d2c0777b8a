"""The server's role, by itself and back to back with the client's."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envoi.errors import LocalProtocolError
from envoi.smtp import commands
from envoi.smtp.client import ClientMachine
from envoi.smtp.commands import Verb
from envoi.smtp.server import ServerMachine
from envoi.smtp.server_events import CommandReceived, ContentFinished, ContentReceived, Event
from envoi.smtp.tables import State
from tests.smtp.chunkings import cut, places, text_of
from tests.smtp.test_data import bodies, expected
from tests.smtp.wired import Mail, Postman, announces_chunk, converse, hear

SENDER = commands.mail("a@example.org")
RECIPIENTS = [commands.rcpt(f"{name}@example.org") for name in ("b", "nobody", "c")]


def greeted(octets: bytes = b"") -> ServerMachine:
    """A server that has introduced itself, and what it then gets."""
    machine = ServerMachine()
    machine.reply(220, "mail.example.org")
    machine.receive(octets)
    return machine


def ready(octets: bytes = b"") -> ServerMachine:
    """A server after EHLO."""
    machine = greeted(b"EHLO client.example\r\n")
    assert machine.next_event() is not None
    machine.reply(250, "hello")
    machine.receive(octets)
    return machine


def event_of(machine: ServerMachine) -> CommandReceived:
    """The next event, which is a command."""
    event = machine.next_event()
    assert isinstance(event, CommandReceived)
    return event


def connected(*, lmtp: bool = False) -> tuple[ClientMachine, Postman]:
    """A client that has said hello to a postman."""
    client, postman = ClientMachine(), Postman(lmtp=lmtp)
    hear(client, postman.greet())
    converse(client, postman, client.send(commands.ehlo("client.example", Verb.LHLO if lmtp else Verb.EHLO)))
    assert client.state is postman.machine.state is State.READY
    return client, postman


@given(bodies, places, places, st.booleans())
def test_a_whole_dialogue_at_every_chunking(
    body: bytes, there: list[int], back: list[int], lmtp: bool
) -> None:
    """Behaviours 92, 104 and 129: pipelined, by DATA."""
    client, postman = connected(lmtp=lmtp)
    group = client.send_group([SENDER, *RECIPIENTS, commands.data()])
    replies = converse(client, postman, group, to_server=there, to_client=back)
    assert [reply.code for _, reply in replies] == [250, 250, 550, 250, 354]
    wire = b"".join(map(client.content, cut(body, back))) + client.end_content(replies=2 if lmtp else 1)
    replies = converse(client, postman, wire + client.send(commands.rset()), to_server=there, to_client=back)
    assert [verb for verb, _ in replies] == [Verb.CONTENT] * (2 if lmtp else 1) + [Verb.RSET]
    assert postman.mails == [Mail("a@example.org", ["b@example.org", "c@example.org"], expected(body))]
    assert postman.problems == []
    assert client.state is postman.machine.state is State.READY


@given(st.lists(st.binary(max_size=50), max_size=5), places, places, st.booleans())
def test_chunks_at_every_chunking(pieces: list[bytes], there: list[int], back: list[int], lmtp: bool) -> None:
    """Behaviour 98: any octets, in the same flight as the envelope."""
    client, postman = connected(lmtp=lmtp)
    flight = client.send_group([SENDER, *RECIPIENTS])
    flight += b"".join(client.chunk(piece, last=False) for piece in pieces)
    flight += client.chunk(b".\r\n", last=True, replies=2 if lmtp else 1)
    replies = converse(client, postman, flight, to_server=there, to_client=back)
    assert replies[-1][0] is Verb.BDAT_LAST
    assert postman.mails[0].body == b"".join(pieces) + b".\r\n"
    assert client.outstanding == 0
    assert client.state is postman.machine.state is State.READY


@given(places, places)
def test_logging_in_at_every_chunking(there: list[int], back: list[int]) -> None:
    """Behaviour 43."""
    client, postman = connected()
    for command, code in [
        (commands.auth("PLAIN", b"\0alice\0open sesame"), 235),
        (commands.auth("PLAIN", None), 334),
        (commands.auth_response(b"\0alice\0open sesame"), 235),
    ]:
        [(_, reply)] = converse(client, postman, client.send(command), to_server=there, to_client=back)
        assert reply.code == code
    assert postman.responses == [b64encode(b"\0alice\0open sesame").decode()] * 2


def test_tls_begins_the_dialogue_anew() -> None:
    """Behaviour 20."""
    client, postman = connected()
    converse(client, postman, client.send(commands.starttls()))
    client.tls_established()
    postman.machine.tls_established()
    [(verb, reply)] = converse(client, postman, client.send(commands.ehlo("client.example")))
    assert (verb, reply.code) == (Verb.EHLO, 250)
    assert client.state is postman.machine.state is State.READY


def test_what_is_said_in_clear_before_tls_is_forgotten() -> None:
    """Behaviour 31, from the server's side."""
    machine = ready(b"STARTTLS\r\nMAIL FROM:<evil@example.org>\r\n")
    assert event_of(machine).verb is Verb.STARTTLS
    machine.reply(220, "go ahead")
    before = machine.unread
    machine.tls_established()
    assert (before, machine.unread) == (True, False)
    assert machine.next_event() is None


def test_greets_before_it_listens() -> None:
    machine = ServerMachine()
    machine.receive(b"EHLO client.example\r\n")
    assert machine.next_event() is None


def test_answers_before_it_listens_on() -> None:
    machine = ready(b"NOOP\r\nNOOP\r\n")
    assert event_of(machine).verb is Verb.NOOP
    assert machine.next_event() is None
    assert machine.reply(250) == b"250 OK\r\n"
    assert event_of(machine).verb is Verb.NOOP


def test_answers_nothing_that_was_not_said() -> None:
    with pytest.raises(LocalProtocolError, match="nothing asked for"):
        ready().reply(250)


def test_reads_verbs_in_any_case_with_their_arguments() -> None:
    event = event_of(ready(b"mAiL FROM:<a@example.org> SIZE=5\r\n"))
    assert event == CommandReceived(verb=Verb.MAIL, argument="FROM:<a@example.org> SIZE=5")


@pytest.mark.parametrize(
    "line", [b"XYZZY", b"", b" NOOP", b"GREETING", b"AUTH RESPONSE x", b"CONTENT", "RſET".encode()]
)
def test_does_not_know_every_word(line: bytes) -> None:
    """RFC 5321 §2.4: no case, but in ASCII; U+017F is no S."""
    event = event_of(ready(line + b"\r\n"))
    if line.startswith(b"AUTH"):
        assert event.verb is Verb.AUTH
    else:
        assert (event.verb, event.problem) == (None, (500, "unknown command"))


@pytest.mark.parametrize("octets", [b"NO\0OP\r\n", b"NOOP\nRSET\r\n", b"NOOP\rRSET\r\n", b"NOOP \x7f\r\n"])
def test_refuses_control_characters(octets: bytes) -> None:
    """Behaviours 85 and 95: a bare LF ends no line."""
    machine = ready(octets)
    event = event_of(machine)
    assert event.verb is None
    assert event.problem is not None
    assert event.problem[0] == 500
    machine.reply(*event.problem)
    assert machine.next_event() is None


@pytest.mark.parametrize(
    ("line", "code"),
    [(b"RCPT TO:<b@example.org>", 503), (b"DATA", 503), (b"MAIL FROM:<a@example.org>", None)],
)
def test_tells_what_is_out_of_order(line: bytes, code: int | None) -> None:
    problem = event_of(ready(line + b"\r\n")).problem
    assert (problem and problem[0]) == code


@pytest.mark.parametrize("extra", [1, 2, 3, 1000])
@pytest.mark.parametrize("filling", [b"x", b"\r", b"\n", b"\r\0"])
@settings(max_examples=15)
@given(where=places)
def test_a_line_that_is_too_long_is_refused_once(extra: int, filling: bytes, where: list[int]) -> None:
    """Behaviour 112: and what stands in it is not obeyed."""
    line = (b"NOOP " + filling * 4_000)[: 2048 + extra] + b"x"
    machine = ready()
    problems = []
    for piece in cut(line + b"\r\nRSET\r\n", where):
        machine.receive(piece)
        while (event := machine.next_event()) is not None:
            assert isinstance(event, CommandReceived)
            problems.append(event.problem)
            machine.reply(*(event.problem or (250, "ok")))
    assert problems == [(500, "line too long"), None]


def test_an_endless_line_takes_no_memory() -> None:
    machine = ready()
    for _ in range(1000):
        machine.receive(bytes(1000))
        assert machine.next_event() is None
    assert len(machine._buffer) < 4096


def test_a_response_to_a_challenge_may_be_longer() -> None:
    machine = ready(b"AUTH OAUTHBEARER\r\n")
    assert event_of(machine).argument == "OAUTHBEARER"
    machine.reply(334, "")
    machine.receive(b"x" * 12_000 + b"\r\n")
    assert event_of(machine) == CommandReceived(verb=Verb.AUTH_RESPONSE, argument="x" * 12_000)
    machine.reply(535, "no")
    assert machine.state is State.READY


@pytest.mark.parametrize(
    "line", [b"BDAT", b"BDAT x", b"BDAT -1", b"BDAT 5 FIRST", b"BDAT 5LAST", b"BDAT " + b"9" * 21]
)
def test_a_chunk_has_a_size(line: bytes) -> None:
    event = event_of(ready(line + b"\r\n"))
    assert event.verb is None
    assert event.problem is not None
    assert event.problem[0] == 501


def test_a_chunk_out_of_order_is_read_and_dropped() -> None:
    """RFC 3030 §2: its octets come all the same, and are no commands."""
    machine = ready(b"BDAT 6 LAST\r\nRSET\r\nNOOP\r\n")
    event = event_of(machine)
    assert (event.verb, event.problem, event.size) == (Verb.BDAT_LAST, (503, "bad sequence of commands"), 6)
    assert machine.next_event() == ContentReceived(data=b"")
    finished = machine.next_event()
    assert finished == ContentFinished(verb=Verb.BDAT_LAST, problem=(503, "bad sequence of commands"))
    machine.reply(503, "bad sequence of commands")
    assert event_of(machine).verb is Verb.NOOP


def test_counts_bare_line_ends_in_a_message() -> None:
    machine = ready(b"MAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\na\nb\r\n.\nc\r\n.\r\nNOOP\r\n")
    for code in (250, 250, 354):
        event_of(machine)
        machine.reply(code)
    content = machine.next_event()
    assert content == ContentReceived(data=b"a\nb\r\n\nc\r\n") or content == ContentReceived(
        data=b"a\nb\r\n.\nc\r\n"
    )
    assert machine.next_event() == ContentFinished(verb=Verb.CONTENT, bare=2)
    machine.reply(250)
    assert event_of(machine).verb is Verb.NOOP


@pytest.mark.parametrize("code", [421, 221])
def test_hears_nothing_after_the_end(code: int) -> None:
    machine = ready(b"QUIT\r\nNOOP\r\n")
    assert event_of(machine).verb is Verb.QUIT
    machine.reply(code)
    assert machine.state is State.CLOSED
    assert machine.next_event() is None


def test_421_ends_it_even_behind_an_unknown_command() -> None:
    machine = ready(b"XYZZY\r\n")
    event_of(machine)
    machine.reply(421, "go away")
    assert machine.state is State.CLOSED


@given(
    st.binary()
    | text_of(
        [
            b"EHLO x\r\n",
            b"MAIL FROM:<>\r\n",
            b"RCPT TO:<b@c.example>\r\n",
            b"DATA\r\n",
            b"BDAT 3\r\n",
            b"BDAT 2 LAST\r\n",
            b".\r\n",
            b"\r",
            b"\n",
            b"STARTTLS\r\n",
            b"AUTH PLAIN\r\n",
            b"*",
            b"\0",
            b"x",
        ]
    ),
    places,
)
def test_any_octets_are_events(octets: bytes, where: list[int]) -> None:
    """Total, and the same in any chunking."""

    def events(pieces: list[bytes]) -> list[Event]:
        machine, found = greeted(), list[Event]()
        for piece in pieces:
            machine.receive(piece)
            while (event := machine.next_event()) is not None:
                if isinstance(event, ContentReceived):
                    continue
                found.append(event)
                if not announces_chunk(event):
                    asks = isinstance(event, CommandReceived) and event.verb is Verb.DATA
                    machine.reply(*(event.problem or (354 if asks else 250, "ok")))
        return found

    assert events(cut(octets, where)) == events([octets])
