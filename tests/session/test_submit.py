"""One message over one link: who got it, who did not, and who may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi.errors import (
    Accepted,
    DeadlineExceeded,
    Disconnected,
    MessageRejected,
    Phase,
    RecipientsRejected,
    RemoteProtocolError,
    Retry,
    SenderRejected,
)
from envoi.message.envelope import DeliveryOptions
from tests.session.stage import FLIGHT, ONCE, QUIT, STEPWISE, code_of, hello, mail, sending

if TYPE_CHECKING:
    from tests.session.stage import Way

RECIPIENTS = ("b@example.org", "c@example.org", "d@example.org")


def flight(*replies: str, recipients: tuple[str, ...] = RECIPIENTS, data: str = "C: DATA") -> str:
    """An envelope in one flight, and the replies."""
    said = ["C: MAIL FROM:<a@example.org>", *(f"C: RCPT TO:<{one}>" for one in recipients), data]
    return "\n".join([*said, *(f"S: {reply}" for reply in replies), ""])


def test_without_pipelining_each_command_waits(way: Way) -> None:
    """Behaviour 104."""
    played = way.play(hello() + STEPWISE + QUIT)
    assert played.result.accepted == ("b@example.org",)
    assert str(played.result.reply) == "250 2.0.0 queued as 4711"
    assert played.result.server == "mail.example.org"
    assert (played.result.tls, played.result.verified, played.result.sender) == (None, False, "a@example.org")


def test_with_pipelining_the_envelope_travels_at_once(way: Way) -> None:
    played = way.play(hello("PIPELINING") + FLIGHT + QUIT)
    assert played.result.accepted == ("b@example.org",)


def test_a_receipt_tells_of_tls(way: Way) -> None:
    receipt = way.play("* tls\n" + hello() + STEPWISE + QUIT, security="tls").result
    assert (receipt.tls, receipt.verified) == ("TLSv1.3", True)


def test_the_message_arrives_as_it_is(way: Way) -> None:
    """Behaviours 89 and 92."""
    script = (
        hello("PIPELINING") + FLIGHT.replace("* message", "C: Subject: x\nC:\nC: ..\nC: ..dot\nC: .") + QUIT
    )
    assert way.play(script, sending(mail(body=b"Subject: x\n\n.\n.dot"))).error is None


@pytest.mark.parametrize(
    ("codes", "accepted", "refused"),
    [
        ((550, 250, 250), RECIPIENTS[1:], RECIPIENTS[:1]),
        ((250, 450, 250), RECIPIENTS[::2], RECIPIENTS[1:2]),
        ((250, 250, 452), RECIPIENTS[:2], RECIPIENTS[2:]),
        ((550, 450, 251), RECIPIENTS[2:], RECIPIENTS[:2]),
        ((250, 252, 250), RECIPIENTS, ()),
    ],
)
@pytest.mark.parametrize("pipelining", [True, False])
def test_each_recipient_has_an_answer(
    way: Way, codes: tuple[int, ...], accepted: tuple[str, ...], refused: tuple[str, ...], pipelining: bool
) -> None:
    """Behaviours 77, 78 and 105."""
    if pipelining:
        script = flight("250 ok", *(f"{code} so be it" for code in codes), "354 go")
    else:
        script = "C: MAIL FROM:<a@example.org>\nS: 250 ok\n"
        for one, code in zip(RECIPIENTS, codes, strict=True):
            script += f"C: RCPT TO:<{one}>\nS: {code} so be it\n"
        script += "C: DATA\nS: 354 go\n"
    offers = ["PIPELINING"] if pipelining else []
    played = way.play(
        hello(*offers) + script + "* message\nS: 250 queued\n" + QUIT, sending(mail(*RECIPIENTS))
    )
    assert played.result.accepted == accepted
    assert tuple(played.result.refused) == refused
    assert all(reply.text == "so be it" for reply in played.result.refused.values())


@pytest.mark.parametrize(
    ("codes", "retry", "code"),
    [
        ((550, 550, 550), Retry.NEVER, 550),
        ((550, 450, 550), Retry.LATER, 450),
        ((450, 450, 451), Retry.LATER, 450),
    ],
)
def test_nobody_accepted_is_an_error(way: Way, codes: tuple[int, ...], retry: Retry, code: int) -> None:
    """Behaviour 78."""
    script = flight("250 ok", *(f"{each} no" for each in codes), "503 nobody")
    error = way.play(hello("PIPELINING") + script + QUIT, sending(mail(*RECIPIENTS))).error
    assert type(error) is RecipientsRejected
    assert (error.phase, error.accepted, error.retry, code_of(error)) == (
        Phase.RCPT,
        Accepted.NO,
        retry,
        code,
    )
    assert (tuple(error.refused), error.recipients) == (RECIPIENTS, RECIPIENTS)
    assert all(one in str(error) for one in RECIPIENTS)


def test_an_error_names_five_recipients_at_most() -> None:
    many = tuple(f"r{number}@example.org" for number in range(8))
    script = flight("250 ok", *["550 no"] * 8, "503 nobody", recipients=many)
    error = ONCE.play(hello("PIPELINING") + script + QUIT, sending(mail(*many))).error
    assert "and 3 more" in str(error)
    assert "r5@" not in str(error)
    assert len(error.refused) == 8


def test_a_go_ahead_for_nobody_is_answered_with_an_empty_message(way: Way) -> None:
    """Behaviour 106."""
    script = flight("250 ok", "550 no", "550 no", "550 no", "354 go") + "C: .\nS: 554 no valid recipients\n"
    played = way.play(hello("PIPELINING") + script + FLIGHT + QUIT, _refused_then_sent)
    assert played.result.accepted == ("b@example.org",)


async def _refused_then_sent(conversation):
    first = mail(*RECIPIENTS)
    with pytest.raises(RecipientsRejected):
        await conversation.send(first, first.envelope())
    second = mail()
    return await conversation.send(second, second.envelope())


def test_a_go_ahead_for_nobody_ends_lmtp(way: Way) -> None:
    """RFC 2033 §4.2 knows no reply to such a message, so none is waited for."""
    script = hello("PIPELINING").replace("EHLO", "LHLO") + flight(
        "250 ok", "550 no", "354 go", recipients=("b@example.org",)
    )
    played = way.play(script, protocol="lmtp")
    assert type(played.error) is RecipientsRejected
    assert played.seconds < 1


@pytest.mark.parametrize("recipient", ["503 no sender", "250 whatever"])
def test_a_go_ahead_behind_a_refused_sender_ends_the_link(way: Way, recipient: str) -> None:
    """Behaviour 106: whatever we say next would be read as the message."""
    script = flight("550 5.1.8 no", recipient, "354 go", recipients=("b@example.org",))
    played = way.play(hello("PIPELINING") + script)
    assert type(played.error) is SenderRejected
    assert b"QUIT" not in played.sent


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(("code", "retry"), [(451, Retry.LATER), (550, Retry.NEVER)])
def test_a_refused_sender(way: Way, pipelining: bool, code: int, retry: Retry) -> None:
    """Behaviours 76 and 84: one mistake does not cost the next message its connection."""
    refusal = (
        flight(f"{code} not you", "503 no", "503 no", recipients=("b@example.org",))
        if pipelining
        else f"C: MAIL FROM:<a@example.org>\nS: {code} not you\n"
    )
    script = hello(*(["PIPELINING"] if pipelining else [])) + refusal + QUIT
    error = way.play(script).error
    assert type(error) is SenderRejected
    assert (error.phase, error.retry, error.accepted) == (Phase.MAIL, retry, Accepted.NO)
    assert error.recipients == ("b@example.org",)
    assert "not you" in str(error)


@pytest.mark.parametrize(("code", "retry"), [(451, Retry.LATER), (554, Retry.NEVER)])
def test_a_refused_data(way: Way, code: int, retry: Retry) -> None:
    """Behaviours 88 and 99."""
    script = flight("250 ok", "250 ok", f"{code} no", recipients=("b@example.org",))
    error = way.play(hello("PIPELINING") + script + QUIT).error
    assert type(error) is MessageRejected
    assert (error.phase, error.retry, error.recipients) == (Phase.DATA, retry, ("b@example.org",))


@pytest.mark.parametrize(("code", "retry"), [(452, Retry.LATER), (550, Retry.NEVER), (421, Retry.LATER)])
def test_a_refused_message(way: Way, code: int, retry: Retry) -> None:
    """Behaviour 99: a whole refusal leaves no doubt."""
    script = FLIGHT.replace("S: 250 2.0.0 queued as 4711", f"S: {code} spam")
    error = way.play(hello("PIPELINING") + script + ("" if code == 421 else QUIT)).error
    assert type(error) is MessageRejected
    assert (error.phase, error.retry, error.accepted) == (Phase.FINAL, retry, Accepted.NO)


def test_the_next_message_clears_what_a_refused_one_left(way: Way) -> None:
    """Behaviours 84 and 118: RSET travels with the next envelope."""
    script = (
        flight("250 ok", "250 ok", "550 no", "550 no", "554 no")
        + "C: RSET"
        + FLIGHT.replace("S: 250 2.1.0 ok", "S: 250 reset\nS: 250 2.1.0 ok")
    )
    script = script.replace("250 ok\nS: 550 no\nS: 550", "550 no\nS: 550 no\nS: 550", 1)

    played = way.play(hello("PIPELINING") + script + QUIT, _refused_then_sent)
    assert played.result.accepted == ("b@example.org",)


@pytest.mark.parametrize("end", ["* close", "* reset", ""])
def test_silence_after_the_dot_is_maybe(way: Way, end: str) -> None:
    """Behaviour 100."""
    played = way.play(hello("PIPELINING") + FLIGHT.partition("S: 250 2.0.0")[0] + end)
    assert type(played.error) is (Disconnected if end else DeadlineExceeded)
    assert (played.error.phase, played.error.accepted) == (Phase.FINAL, Accepted.MAYBE)
    assert (played.error.retry, played.error.recipients) == (Retry.LATER, ("b@example.org",))
    assert "may deliver it twice" in str(played.error)
    assert played.seconds == (0 if end else 600)


@pytest.mark.parametrize(
    "last", ["* raw 250", "* raw 250-q\\r\\n", "S: 999 what", "S: 354 go", "* raw \\xff\\n"]
)
def test_half_a_reply_after_the_dot_is_maybe(way: Way, last: str) -> None:
    """Behaviours 100 and 115."""
    error = way.play(hello("PIPELINING") + FLIGHT.partition("S: 250 2.0.0")[0] + last + "\n* close").error
    assert error.accepted is Accepted.MAYBE


def test_silence_after_a_message_for_nobody_is_no(way: Way) -> None:
    script = flight("250 ok", "550 no", "354 go", recipients=("b@example.org",)) + "C: .\n* close"
    error = way.play(hello("PIPELINING") + script).error
    assert error.accepted is Accepted.NO


@pytest.mark.parametrize(
    ("said", "phase"), [([], Phase.MAIL), (["250 ok"], Phase.RCPT), (["250 ok", "250 ok"], Phase.DATA)]
)
@pytest.mark.parametrize("pipelining", [True, False])
def test_421_in_the_envelope(way: Way, said: list[str], phase: Phase, pipelining: bool) -> None:
    """Behaviour 83: the connection is closed, the place is told, and nothing was accepted."""
    commands = ["C: MAIL FROM:<a@example.org>", "C: RCPT TO:<b@example.org>", "C: DATA"]
    replies = [*(f"S: {reply}" for reply in said), "S: 421 4.3.2 shutting down"]
    if pipelining:
        script = [*commands, *replies]
    else:
        script = [line for pair in zip(commands, replies, strict=False) for line in pair]
    played = way.play(hello(*(["PIPELINING"] if pipelining else [])) + "\n".join(script))
    assert type(played.error) is Disconnected
    assert (played.error.phase, played.error.accepted) == (phase, Accepted.NO)
    assert code_of(played.error) == 421
    assert b"QUIT" not in played.sent


def test_an_early_refusal_stops_the_message(way: Way) -> None:
    """Behaviour 99: what is refused anyway is not sent to its end."""
    script = (
        flight("250 ok", "250 ok", "354 go", "552 5.3.4 too large", recipients=("b@example.org",)) + "* close"
    )
    played = way.play(hello("PIPELINING") + script, sending(mail(body=b"x" * 1_000_000)))
    assert type(played.error) is MessageRejected
    assert (played.error.phase, played.error.retry) == (Phase.CONTENT, Retry.NEVER)
    assert played.error.accepted is Accepted.NO
    assert len(played.sent) < 100_000


def test_an_early_acceptance_is_none(way: Way) -> None:
    """Behaviour 108: a message is not accepted before its end."""
    script = flight("250 ok", "250 ok", "354 go", "250 queued", recipients=("b@example.org",))
    error = way.play(hello("PIPELINING") + script).error
    assert type(error) is RemoteProtocolError
    assert error.accepted is Accepted.NO


def test_replies_that_come_before_their_commands_count_for_nothing(way: Way) -> None:
    """Behaviour 108: the worst a client can do is to report such a message as sent."""
    played = way.play(hello() + "S: 250 ok\nS: 250 ok\nS: 354 go\nS: 250 queued")
    assert type(played.error) is RemoteProtocolError
    assert played.sent == b"EHLO client.example\r\n"


@pytest.mark.parametrize("missing", [1, 2])
def test_missing_replies_while_pipelining(way: Way, missing: int) -> None:
    """Behaviour 108."""
    replies = ["250 ok", "250 ok", "354 go"][:-missing]
    played = way.play(hello("PIPELINING") + flight(*replies, recipients=("b@example.org",)))
    assert type(played.error) is DeadlineExceeded
    assert (played.error.accepted, played.seconds) == (Accepted.NO, 60)


def test_a_lost_link_while_pipelining(way: Way) -> None:
    script = flight("250 ok", "550 no", recipients=("b@example.org", "c@example.org")) + "* reset"
    error = way.play(hello("PIPELINING") + script, sending(mail("b@example.org", "c@example.org"))).error
    assert type(error) is Disconnected
    assert (error.phase, error.accepted, error.recipients) == (Phase.RCPT, Accepted.NO, ("c@example.org",))


def test_all_or_nothing_stops_at_one_refusal(way: Way) -> None:
    """Behaviour 79."""
    options = DeliveryOptions(all_or_nothing=True)
    script = flight(
        "250 ok", "250 ok", "550 no", recipients=("b@example.org",), data="C: RCPT TO:<c@example.org>"
    )
    error = way.play(
        hello("PIPELINING") + script + QUIT, sending(mail("b@example.org", "c@example.org", options=options))
    ).error
    assert type(error) is RecipientsRejected
    assert tuple(error.refused) == ("c@example.org",)
    assert error.accepted is Accepted.NO


def test_all_or_nothing_sends_when_all_are_taken(way: Way) -> None:
    options = DeliveryOptions(all_or_nothing=True)
    script = flight("250 ok", "250 ok", recipients=(), data="C: RCPT TO:<b@example.org>")
    script += "C: DATA\nS: 354 go\n* message\nS: 250 queued\n"
    played = way.play(hello("PIPELINING") + script + QUIT, sending(mail(options=options)))
    assert played.result.accepted == ("b@example.org",)


def test_many_recipients_travel_in_groups() -> None:
    """Behaviour 107."""
    many = tuple(f"r{number}@example.org" for number in range(1200))
    lines = ["C: MAIL FROM:<a@example.org>", *(f"C: RCPT TO:<{one}>" for one in many), "C: DATA"]
    replies = [
        "S: 250 ok",
        *(f"S: {550 if number % 100 == 0 else 250} x" for number in range(1200)),
        "S: 354 go",
    ]
    script = [
        line
        for start in range(0, len(lines), 500)
        for part in (lines[start : start + 500], replies[start : start + 500])
        for line in part
    ]
    played = ONCE.play(
        hello("PIPELINING") + "\n".join([*script, "* message", "S: 250 queued", QUIT]), sending(mail(*many))
    )
    assert len(played.result.accepted) == 1188
    assert len(played.result.refused) == 12


def test_a_refused_sender_spares_the_other_groups() -> None:
    many = tuple(f"r{number}@example.org" for number in range(600))
    lines = ["C: MAIL FROM:<a@example.org>", *(f"C: RCPT TO:<{one}>" for one in many[:499])]
    script = [*lines, "S: 550 no", *["S: 503 no"] * 499]
    error = ONCE.play(hello("PIPELINING") + "\n".join([*script, QUIT]), sending(mail(*many))).error
    assert type(error) is SenderRejected


LMTP = hello("PIPELINING").replace("EHLO", "LHLO")
ACCEPTED = flight("250 ok", "250 ok", "250 ok", "250 ok", "354 go") + "* message\n"


@pytest.mark.parametrize(
    ("replies", "accepted", "refused"),
    [
        (["250 b", "250 c", "250 d"], RECIPIENTS, ()),
        (["250 b", "452 full", "250 d"], RECIPIENTS[::2], RECIPIENTS[1:2]),
        (["550 no", "452 full", "250 d"], RECIPIENTS[2:], RECIPIENTS[:2]),
        (["250 b", "421 closing"], RECIPIENTS[:1], RECIPIENTS[1:]),
    ],
)
def test_lmtp_answers_for_each_recipient(
    way: Way, replies: list[str], accepted: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    """Behaviour 129."""
    ending = "" if replies[-1].startswith("421") else QUIT
    script = LMTP + ACCEPTED + "".join(f"S: {reply}\n" for reply in replies) + ending
    receipt = way.play(script, sending(mail(*RECIPIENTS)), protocol="lmtp").result
    assert receipt.accepted == accepted
    assert tuple(receipt.refused) == refused
    assert receipt.reply.text == accepted[0][0]


def test_lmtp_may_refuse_for_everybody(way: Way) -> None:
    script = LMTP + ACCEPTED + "S: 550 no\nS: 452 full\nS: 550 no\n" + QUIT
    error = way.play(script, sending(mail(*RECIPIENTS)), protocol="lmtp").error
    assert type(error) is RecipientsRejected
    assert (error.phase, error.accepted, error.retry) == (Phase.FINAL, Accepted.NO, Retry.LATER)
    assert tuple(error.refused) == RECIPIENTS


def test_lmtp_that_falls_silent_leaves_the_others_open(way: Way) -> None:
    """Behaviours 100 and 129: the error is about those whose answer did not come."""
    script = LMTP + ACCEPTED + "S: 250 b\n* close"
    error = way.play(script, sending(mail(*RECIPIENTS)), protocol="lmtp").error
    assert type(error) is Disconnected
    assert (error.accepted, error.recipients) == (Accepted.MAYBE, RECIPIENTS[1:])


def test_lmtp_that_falls_silent_tells_what_it_said_before(way: Way) -> None:
    """Whoever has the message already is not written to again."""
    script = LMTP + flight("250 ok", "250 ok", "550 5.1.1 no", "250 ok", "354 go")
    script += "* message\nS: 250 b\n* close"
    error = way.play(script, sending(mail(*RECIPIENTS)), protocol="lmtp").error
    assert type(error) is Disconnected
    assert (error.accepted, error.recipients) == (Accepted.MAYBE, RECIPIENTS[2:])
    assert {address: each.code for address, each in error.verdicts.items()} == {
        RECIPIENTS[0]: 250,
        RECIPIENTS[1]: 550,
    }


def test_an_error_tells_who_was_refused_before(way: Way) -> None:
    script = hello("PIPELINING") + flight("250 ok", "250 ok", "550 5.1.1 no", "250 ok", "354 go")
    script += "* message\nS: 451 later\n" + QUIT
    error = way.play(script, sending(mail(*RECIPIENTS))).error
    assert type(error) is MessageRejected
    assert {address: each.code for address, each in error.verdicts.items()} == {RECIPIENTS[1]: 550}


def test_lmtp_waits_only_for_who_was_accepted(way: Way) -> None:
    script = (
        LMTP
        + flight("250 ok", "550 no", "250 ok", "250 ok", "354 go")
        + "* message\nS: 250 c\nS: 250 d\n"
        + QUIT
    )
    receipt = way.play(script, sending(mail(*RECIPIENTS)), protocol="lmtp").result
    assert receipt.accepted == RECIPIENTS[1:]
    assert tuple(receipt.refused) == RECIPIENTS[:1]
