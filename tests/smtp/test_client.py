"""The client's role: what it lets pass, what it makes of replies, and what it remembers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import LocalProtocolError, RemoteProtocolError
from envoi.smtp import commands
from envoi.smtp.client import MAX_CHALLENGES, ClientMachine
from envoi.smtp.commands import Command, Verb
from envoi.smtp.tables import LAST_IN_GROUP, TRANSITIONS, State
from tests.smtp.chunkings import places, text_of
from tests.smtp.wired import hear

SENDER = commands.mail("a@example.org")
RECIPIENT = commands.rcpt("b@example.org")

SAID: dict[Verb, Command] = {
    Verb.EHLO: commands.ehlo("client.example"),
    Verb.HELO: commands.ehlo("client.example", Verb.HELO),
    Verb.LHLO: commands.ehlo("client.example", Verb.LHLO),
    Verb.STARTTLS: commands.starttls(),
    Verb.AUTH: commands.auth("LOGIN", None),
    Verb.AUTH_RESPONSE: commands.auth_response(b"alice"),
    Verb.MAIL: SENDER,
    Verb.RCPT: RECIPIENT,
    Verb.DATA: commands.data(),
    Verb.BDAT: commands.bdat(5, last=False),
    Verb.BDAT_LAST: commands.bdat(5, last=True),
    Verb.RSET: commands.rset(),
    Verb.NOOP: commands.noop(),
    Verb.VRFY: commands.vrfy("postmaster"),
    Verb.QUIT: commands.quit_(),
}

WAYS: dict[State, list[tuple[Command, bytes]]] = {
    State.GREETED: [],
    State.READY: [(SAID[Verb.EHLO], b"250 hello")],
    State.HANDSHAKE: [(SAID[Verb.EHLO], b"250 hello"), (SAID[Verb.STARTTLS], b"220 go")],
    State.AUTH: [(SAID[Verb.EHLO], b"250 hello"), (SAID[Verb.AUTH], b"334 ")],
    State.MAIL: [(SAID[Verb.EHLO], b"250 hello"), (SENDER, b"250 ok")],
    State.RCPT: [(SAID[Verb.EHLO], b"250 hello"), (SENDER, b"250 ok"), (RECIPIENT, b"250 ok")],
    State.CONTENT: [
        (SAID[Verb.EHLO], b"250 hello"),
        (SENDER, b"250 ok"),
        (RECIPIENT, b"250 ok"),
        (SAID[Verb.DATA], b"354 go"),
    ],
    State.CHUNKS: [
        (SAID[Verb.EHLO], b"250 hello"),
        (SENDER, b"250 ok"),
        (RECIPIENT, b"250 ok"),
        (SAID[Verb.BDAT], b"250 ok"),
    ],
    State.SPOILT: [
        (SAID[Verb.EHLO], b"250 hello"),
        (SENDER, b"250 ok"),
        (RECIPIENT, b"250 ok"),
        (SAID[Verb.BDAT], b"452 full"),
    ],
    State.CLOSED: [(SAID[Verb.EHLO], b"250 hello"), (SAID[Verb.QUIT], b"221 bye")],
}


def machine_in(state: State) -> ClientMachine:
    """A machine whose dialogue has come so far."""
    machine = ClientMachine()
    if state is not State.CONNECTED:
        hear(machine, b"220 mail.example.org\r\n")
        for command, reply in WAYS[state]:
            machine.send(command)
            hear(machine, reply + b"\r\n")
    assert machine.state is state
    return machine


@pytest.mark.parametrize("verb", SAID)
@pytest.mark.parametrize("state", State)
def test_only_what_the_table_allows_is_sent(state: State, verb: Verb) -> None:
    machine = machine_in(state)
    owed = machine.outstanding
    if verb in TRANSITIONS[state]:
        assert machine.send(SAID[verb]) == SAID[verb].line
        assert machine.expected is verb
        assert machine.outstanding == owed + 1
    else:
        with pytest.raises(LocalProtocolError, match=f"{verb.value} may not"):
            machine.send(SAID[verb])
        assert machine.state is state
        assert machine.outstanding == owed


def test_waits_for_the_greeting() -> None:
    """Behaviour 8."""
    machine = ClientMachine()
    assert machine.expected is Verb.GREETING
    with pytest.raises(LocalProtocolError, match="EHLO may not follow greeting before its reply"):
        machine.send(SAID[Verb.EHLO])


@pytest.mark.parametrize(
    "verb", [verb for verb in SAID if verb in LAST_IN_GROUP and verb is not Verb.AUTH_RESPONSE]
)
def test_says_nothing_behind_what_must_be_waited_for(verb: Verb) -> None:
    """Behaviour 104."""
    machine = machine_in(State.RCPT if verb is Verb.DATA else State.READY)
    machine.send(SAID[verb])
    with pytest.raises(LocalProtocolError, match="before its reply"):
        machine.send(SAID[Verb.RSET])


def test_a_group_is_judged_by_what_it_hopes_for() -> None:
    """Behaviour 104."""
    machine = machine_in(State.READY)
    group = [SENDER, RECIPIENT, RECIPIENT, commands.data()]
    assert machine.send_group(group) == b"".join(command.line for command in group)
    assert machine.outstanding == 4
    assert machine.state is State.READY


def test_each_reply_is_paired_with_its_command() -> None:
    """Behaviour 105."""
    machine = machine_in(State.READY)
    machine.send_group([SENDER, RECIPIENT, RECIPIENT, commands.data()])
    replies = hear(machine, b"250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n")
    assert [(verb, reply.code) for verb, reply in replies] == [
        (Verb.MAIL, 250),
        (Verb.RCPT, 550),
        (Verb.RCPT, 250),
        (Verb.DATA, 354),
    ]
    assert machine.state is State.CONTENT


def test_a_group_whose_sender_is_refused_changes_nothing() -> None:
    machine = machine_in(State.READY)
    machine.send_group([SENDER, RECIPIENT, commands.data()])
    hear(machine, b"550 no\r\n503 first MAIL\r\n503 first RCPT\r\n")
    assert machine.state is State.READY
    machine.send(SENDER)


def test_a_go_ahead_behind_a_refused_sender_opens_no_content() -> None:
    """Behaviour 106."""
    machine = machine_in(State.READY)
    machine.send_group([SENDER, RECIPIENT, commands.data()])
    hear(machine, b"550 no\r\n503 no\r\n354 go\r\n")
    with pytest.raises(LocalProtocolError, match="may not be sent before 354"):
        machine.content(b"Subject: x\r\n")


def test_the_next_transaction_may_follow_the_dot() -> None:
    machine = machine_in(State.CONTENT)
    assert machine.content(b"a\n.b") + machine.end_content() == b"a\r\n..b\r\n.\r\n"
    machine.send_group([SENDER, RECIPIENT])
    assert [verb for verb, _ in hear(machine, b"250 queued\r\n250 ok\r\n250 ok\r\n")] == [
        Verb.CONTENT,
        Verb.MAIL,
        Verb.RCPT,
    ]
    assert machine.state is State.RCPT


def test_an_empty_message_is_a_dot() -> None:
    """Behaviour 90."""
    assert machine_in(State.CONTENT).end_content() == b".\r\n"


def test_each_message_is_stuffed_by_itself() -> None:
    machine = machine_in(State.CONTENT)
    machine.content(b"no line end")
    machine.end_content()
    hear(machine, b"250 ok\r\n")
    for command, reply in WAYS[State.CONTENT][1:]:
        machine.send(command)
        hear(machine, reply + b"\r\n")
    assert machine.content(b".") == b".."


def test_no_message_before_the_go_ahead() -> None:
    """Behaviour 88."""
    machine = machine_in(State.RCPT)
    machine.send(commands.data())
    for say in (lambda: machine.content(b"x"), machine.end_content):
        with pytest.raises(LocalProtocolError, match="before 354"):
            say()


def test_no_message_after_the_end() -> None:
    machine = machine_in(State.CONTENT)
    machine.content(b"x")
    machine.close()
    with pytest.raises(LocalProtocolError):
        machine.content(b"y")


@pytest.mark.parametrize("reply", [b"250 ok", b"220 ok"])
def test_only_354_begins_a_message(reply: bytes) -> None:
    """Behaviour 88."""
    machine = machine_in(State.RCPT)
    machine.send(commands.data())
    with pytest.raises(RemoteProtocolError, match="is no answer to DATA"):
        hear(machine, reply + b"\r\n")


@pytest.mark.parametrize("verb", [Verb.EHLO, Verb.MAIL, Verb.RSET, Verb.NOOP, Verb.STARTTLS, Verb.QUIT])
def test_nothing_else_is_answered_with_354(verb: Verb) -> None:
    machine = machine_in(State.READY)
    machine.send(SAID[verb])
    with pytest.raises(RemoteProtocolError, match=rf"354 is no answer to {verb.value}"):
        hear(machine, b"354 go\r\n")


@pytest.mark.parametrize("verb", [Verb.EHLO, Verb.HELO, Verb.LHLO])
def test_a_hello_is_answered_with_250_alone(verb: Verb) -> None:
    """Behaviour 18: another 2yz is a reply to something else, such as a second greeting."""
    machine = machine_in(State.GREETED)
    machine.send(SAID[verb])
    with pytest.raises(RemoteProtocolError, match="220 is no answer to"):
        hear(machine, b"220 mail.example.org\r\n")


def test_a_chunk_goes_as_it_is() -> None:
    """Behaviour 98."""
    machine = machine_in(State.RCPT)
    assert machine.chunk(b".\n\r\0", last=False) == b"BDAT 4\r\n.\n\r\0"
    assert machine.chunk(b"", last=True) == b"BDAT 0 LAST\r\n"
    hear(machine, b"250 ok\r\n250 queued\r\n")
    assert machine.state is State.READY


def test_behind_a_refused_chunk_only_rset_helps() -> None:
    """Behaviour 98."""
    machine = machine_in(State.RCPT)
    machine.chunk(b"x", last=False)
    machine.chunk(b"x", last=True)
    hear(machine, b"452 full\r\n503 no\r\n")
    assert machine.state is State.SPOILT
    with pytest.raises(LocalProtocolError):
        machine.send(SENDER)
    machine.send_group([commands.rset(), SENDER])


@pytest.mark.parametrize("by_chunk", [True, False])
def test_lmtp_owes_a_reply_for_each_recipient(by_chunk: bool) -> None:
    """Behaviour 129."""
    machine = machine_in(State.RCPT if by_chunk else State.CONTENT)
    if by_chunk:
        machine.chunk(b"x", last=True, replies=3)
    else:
        machine.end_content(replies=3)
    assert machine.outstanding == 3
    hear(machine, b"250 ok\r\n550 no\r\n250 ok\r\n")
    assert machine.outstanding == 0
    machine.send(commands.rset())


def test_knows_what_the_server_offers() -> None:
    """Behaviours 17 and 20."""
    machine = machine_in(State.GREETED)
    machine.send(SAID[Verb.EHLO])
    hear(machine, b"250-mail.example.org\r\n250-STARTTLS\r\n250 SIZE 10\r\n")
    assert "STARTTLS" in machine.capabilities
    machine.send(SAID[Verb.STARTTLS])
    hear(machine, b"220 go\r\n")
    machine.tls_established()
    assert not machine.capabilities.keywords
    assert machine.state is State.GREETED
    with pytest.raises(LocalProtocolError):
        machine.send(SENDER)
    machine.send(SAID[Verb.EHLO])


def test_a_second_hello_replaces_what_was_offered() -> None:
    """Behaviours 21 and 32."""
    machine = machine_in(State.GREETED)
    for offer in (b"STARTTLS", b"AUTH PLAIN"):
        machine.send(SAID[Verb.EHLO])
        hear(machine, b"250-mail.example.org\r\n250 " + offer + b"\r\n")
    assert "STARTTLS" not in machine.capabilities


def test_helo_offers_nothing() -> None:
    """Behaviour 15."""
    machine = machine_in(State.GREETED)
    machine.send(SAID[Verb.EHLO])
    hear(machine, b"502 what?\r\n")
    machine.send(SAID[Verb.HELO])
    hear(machine, b"250-mail.example.org\r\n250 STARTTLS\r\n")
    assert machine.state is State.READY
    assert not machine.capabilities.keywords


@pytest.mark.parametrize("left", [b"\r", b"250 injected\r\n", b"220 x"])
def test_tls_begins_without_an_octet_in_clear_behind_it(left: bytes) -> None:
    """Behaviour 31."""
    machine = machine_in(State.READY)
    machine.send(SAID[Verb.STARTTLS])
    machine.receive(b"220 go\r\n" + left)
    assert machine.next_reply() is not None
    for check in (machine.check_clear, machine.tls_established):
        with pytest.raises(RemoteProtocolError, match="octets in clear"):
            check()
    assert machine.state is State.HANDSHAKE


def test_no_tls_without_agreement() -> None:
    """Behaviour 32."""
    with pytest.raises(LocalProtocolError, match="TLS without STARTTLS"):
        machine_in(State.READY).tls_established()


@pytest.mark.parametrize("verb", [verb for verb in SAID if verb is not Verb.AUTH_RESPONSE])
def test_421_ends_the_dialogue_at_any_moment(verb: Verb) -> None:
    """Behaviours 16, 58 and 83."""
    state = next(state for state in WAYS if verb in TRANSITIONS[state])
    machine = machine_in(state)
    machine.send(SAID[verb])
    [(answered, reply)] = hear(machine, b"421 closing\r\n")
    assert (answered, reply.code) == (verb, 421)
    assert machine.state is State.CLOSED
    assert machine.outstanding == 0
    with pytest.raises(LocalProtocolError):
        machine.send(commands.noop())


@pytest.mark.parametrize("state", [State.GREETED, State.READY, State.RCPT, State.CONTENT])
def test_421_may_come_unasked(state: State) -> None:
    machine = machine_in(state)
    [(_, reply)] = hear(machine, b"421 idle for too long\r\n")
    assert reply.code == 421
    assert machine.state is State.CLOSED


@pytest.mark.parametrize("octets", [b"250 ok\r\n", b"550 no\r\n", b"220 hello\r\n"])
def test_any_other_reply_that_nobody_asked_for_ends_it_badly(octets: bytes) -> None:
    """Behaviour 108."""
    with pytest.raises(RemoteProtocolError, match="before it was asked"):
        hear(machine_in(State.READY), octets)


def test_an_extra_reply_is_found_before_the_next_command() -> None:
    """Behaviour 108."""
    machine = machine_in(State.READY)
    machine.send(commands.noop())
    machine.receive(b"250 ok\r\n250 ok\r\n")
    machine.next_reply()
    with pytest.raises(RemoteProtocolError, match="sent '250 ok"):
        machine.check_quiet()


def test_it_is_not_our_turn_while_replies_are_owed() -> None:
    machine = machine_in(State.READY)
    machine.check_quiet()
    machine.send(commands.noop())
    with pytest.raises(LocalProtocolError, match="1 replies"):
        machine.check_quiet()


def test_last_words_are_read_whatever_they_answer() -> None:
    """Behaviour 116."""
    machine = machine_in(State.CONTENT)
    machine.receive(b"552 too large\r\n4")
    assert str(machine.last_words()) == "552 too large"
    assert machine.last_words() is None
    assert machine.unread == repr("4")


def test_challenges_come_to_an_end() -> None:
    """Behaviour 58."""
    machine = machine_in(State.AUTH)
    for _ in range(MAX_CHALLENGES - 1):
        machine.send(SAID[Verb.AUTH_RESPONSE])
        hear(machine, b"334 more\r\n")
    machine.send(SAID[Verb.AUTH_RESPONSE])
    with pytest.raises(RemoteProtocolError, match="334 is no answer"):
        hear(machine, b"334 more\r\n")


@pytest.mark.parametrize("reply", [b"235 welcome", b"535 no"])
def test_logging_in_ends_where_it_began(reply: bytes) -> None:
    machine = machine_in(State.AUTH)
    machine.send(SAID[Verb.AUTH_RESPONSE])
    hear(machine, reply + b"\r\n")
    assert machine.state is State.READY


@given(
    st.sampled_from([state for state in State if state is not State.CONNECTED]),
    st.binary()
    | text_of([b"250 ok\r\n", b"354 go\r\n", b"421 x\r\n", b"550 no\r\n", b"250-", b"\r\n", b"2", b"\0"]),
    places,
)
def test_any_octets_are_replies_or_the_end(state: State, octets: bytes, where: list[int]) -> None:
    machine = machine_in(state)
    allowed = [command for verb, command in SAID.items() if verb in TRANSITIONS[state]]
    for command in allowed[:1]:
        machine.send(command)
    try:
        hear(machine, octets, where)
    except RemoteProtocolError:
        return
    assert machine.outstanding <= 1
