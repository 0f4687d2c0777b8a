"""The ordinary mail in one go: the same octets and the same end as step by step, whatever the server says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import DeliveryError, MessageTooLarge, NotSupportedByServer, UsageError
from envoi.message.envelope import DeliveryOptions, Envelope, Notify, Recipient
from envoi.message.raw import RawContent, RawEmail
from envoi.session.flight import GROUP, flight_as_planned, ordinary_flight
from envoi.session.plan import plan
from envoi.session.run import run_sync
from envoi.session.submit import submit
from envoi.session.terms import Terms
from envoi.smtp import commands
from envoi.smtp.capabilities import Capabilities
from envoi.smtp.replies import Reply
from tests.session.contents import Pieces
from tests.session.spool import Spool, link_over
from tests.smtp.chunkings import cut

if TYPE_CHECKING:
    from envoi.message.content import Content
    from envoi.session.link import Link

BODY = b"Subject: x\r\n\r\n.dot\r\n"
PEOPLE = ["b@example.org", "c@example.org", "d@example.org"]
CHUNKING = ("PIPELINING", "CHUNKING", "SIZE 1000")
DATA = ("PIPELINING", "8BITMIME")


class Answering(Spool):
    """A stream whose answers come one after the other, each to one thing that was written."""

    def __init__(self, answers: list[list[bytes]]) -> None:
        super().__init__()
        self.answers = answers
        self.wire: list[bytes] = []
        self.polls = False

    async def write(self, data: bytes | bytearray | memoryview, timeout: float | None) -> None:
        self.wire.append(bytes(data))
        self.reads.extend(self.answers.pop(0) if self.answers else [])

    async def read(self, timeout: float | None) -> bytes:
        return self._next() if self.reads else b""


def link_to(offers: tuple[str, ...], answers: list[list[bytes]], *, shown: bool) -> tuple[Link, Answering]:
    """A link behind EHLO."""
    hello = "".join(f"250-{one}\r\n" for one in ("mail.example.org", *offers)).encode() + b"250 HELP\r\n"
    stream = Answering([[hello], *answers])
    stream.reads.append(b"220 hi\r\n")
    link = link_over(stream, sink=(lambda _: None) if shown else None)
    run_sync(link.hear())
    run_sync(link.exchange(commands.ehlo("client.example")))
    stream.wire.clear()
    return link, stream


def outcome(offers: tuple[str, ...], answers: list[list[bytes]], **how: Any) -> tuple[bytes, object, bool]:
    """Send one mail; return what was written, what came of it, and whether the link lives."""
    link, stream = link_to(offers, [list(one) for one in answers], shown=how.get("shown", False))
    step_by_step = patch("envoi.session.submit.flight_for", return_value=None)
    try:
        if how.get("stepwise"):
            step_by_step.start()
        result: object = run_sync(submit(link, Envelope.of("a@example.org", PEOPLE), RawContent.of(BODY)))
    except DeliveryError as error:
        result = (type(error), str(error), vars(error))
    finally:
        patch.stopall()
    return b"".join(stream.wire), result, link.alive


USUAL = ["250 2.1.5 ok"] * 12
UNUSUAL = ["251 will forward", "250", "250-one\r\n250 two", "250 \xe9\x01", "220 " + "x" * 200, "250\tq"]
REFUSALS = ["450 4.2.1 later", "550 5.1.1 no", "421 4.3.2 bye", "354 go", "nonsense", "", "199 x"]
ANSWER = st.sampled_from(USUAL + UNUSUAL + REFUSALS)
ENDS = st.sampled_from(["\r\n", "\r\n", "\r\n", "\n"])


@st.composite
def answers(draw: st.DrawFn, *, chunked: bool) -> list[list[bytes]]:
    """What a server says to a flight, in any pieces; to DATA mostly 354."""

    def said(many: list[str]) -> list[bytes]:
        octets = "".join(one + draw(ENDS) for one in many).encode("latin-1")
        octets = octets[: draw(st.integers(0, len(octets)))] if draw(st.integers(0, 5)) == 0 else octets
        places = draw(st.lists(st.integers(0, len(octets)), max_size=4))
        return [piece for piece in cut(octets, places) if piece]

    envelope = [draw(ANSWER) for _ in range(1 + len(PEOPLE))]
    last = draw(ANSWER)
    extra = [draw(ANSWER)] if draw(st.integers(0, 9)) == 0 else []
    if chunked:
        return [said([*envelope, last, *extra])]
    go = "354 go" if draw(st.integers(0, 4)) else draw(ANSWER)
    return [said([*envelope, go]), said([last, *extra]), said([])]


@given(answers(chunked=True))
def test_a_flight_by_bdat_ends_as_one_that_is_watched(said: list[list[bytes]]) -> None:
    assert outcome(CHUNKING, said) == outcome(CHUNKING, said, shown=True)


@given(answers(chunked=False))
def test_a_flight_by_data_ends_as_step_by_step(said: list[list[bytes]]) -> None:
    quick = outcome(DATA, said)
    assert quick == outcome(DATA, said, shown=True)
    assert quick == outcome(DATA, said, stepwise=True)


@pytest.mark.parametrize("recipients", [1, 3, GROUP - 2])
def test_one_recipient_or_many_are_one_flight_by_bdat(recipients: int) -> None:
    people = [f"r{number}@example.org" for number in range(recipients)]
    link, stream = link_to(CHUNKING, [[b"250 ok\r\n" * (recipients + 2)]], shown=False)
    receipt = run_sync(submit(link, Envelope.of("a@example.org", people), RawContent.of(BODY)))
    assert receipt.accepted == tuple(people)
    assert len(stream.wire) == 1


@pytest.mark.parametrize("recipients", [1, 3, GROUP - 2])
def test_one_recipient_or_many_are_two_flights_by_data(recipients: int) -> None:
    people = [f"r{number}@example.org" for number in range(recipients)]
    envelope = b"250 ok\r\n" * (recipients + 1) + b"354 go\r\n"
    link, stream = link_to(DATA, [[envelope], [b"250 queued\r\n"]], shown=False)
    receipt = run_sync(submit(link, Envelope.of("a@example.org", people), RawContent.of(BODY)))
    assert receipt.accepted == tuple(people)
    assert len(stream.wire) == 2


def terms(*offers: str) -> Terms:
    """What such a server takes."""
    return Terms.of(Capabilities.from_reply(Reply(code=250, text="\n".join(["x", *offers]))))


@pytest.mark.parametrize("offers", [CHUNKING, DATA, (*CHUNKING, "8BITMIME"), ("PIPELINING", "SIZE")])
@pytest.mark.parametrize(
    "content",
    [
        RawContent.of(BODY),
        RawContent.of(b"Subject: x\n\n\xc3\xa9"),
        RawEmail(BODY, sender="a@example.org", recipients=["b@example.org"]),
        RawEmail(b"Subject: x\r\n\r\n.\r\n..\r\n", sender="a@example.org", recipients=["b@example.org"]),
        RawEmail(b"Subject: x\n\nx", sender="a@example.org", recipients=["b@example.org"]),
        Pieces([b"\n", b"\r"], known=2, body="binarymime"),
        Pieces([b"x" * 20, b"\r\n"], known=22),
    ],
)
@pytest.mark.parametrize("sender", ["a@example.org", ""])
def test_says_what_the_plan_says(offers: tuple[str, ...], content: Content, sender: str) -> None:
    envelope, taken = Envelope.of(sender, PEOPLE), terms(*offers, "8BITMIME", "BINARYMIME")
    quick = ordinary_flight(envelope, content, taken, "x")
    planned = flight_as_planned(plan(envelope, content, taken, server="x"), content, server="x")
    assert quick is not None
    assert planned is not None
    assert (quick.head, quick.body, quick.verbs) == (planned.head, planned.body, planned.verbs)
    assert (quick.size, quick.chunked) == (planned.size, planned.chunked)


@pytest.mark.parametrize(
    "envelope",
    [
        Envelope.of("a@example.org", [Recipient("b@example.org", notify=frozenset({Notify.NEVER}))]),
        Envelope.of("a@example.org", [Recipient("b@example.org", original="c@example.org")]),
        Envelope.of("a@example.org", ["b@example.org"], DeliveryOptions(ret="full")),
        Envelope.of("a@example.org", ['"b c"@example.org']),
        Envelope.of('"b c"@example.org', ["b@example.org"]),
        Envelope.of("a@example.org", ["zoë@example.org"]),
        Envelope.of("a@example.org", ["b@[192.0.2.1]"]),
    ],
)
def test_leaves_special_envelopes_to_the_plan(envelope: Envelope) -> None:
    taken = terms(*CHUNKING, "DSN", "SMTPUTF8")
    content = RawContent.of(BODY)
    assert ordinary_flight(envelope, content, taken, "x") is None
    flight = flight_as_planned(plan(envelope, content, taken, server="x"), content, server="x")
    assert flight is not None
    assert envelope.recipients[0].address.encode() in flight.head


@pytest.mark.parametrize(
    ("envelope", "content", "offers"),
    [
        (PEOPLE, Pieces([b"x"], known=None), CHUNKING),
        (PEOPLE, Pieces([b"x"], known=100_000), CHUNKING[:2]),
        (PEOPLE, Pieces([b"x"], known=1, is_async=True), CHUNKING),
        (
            PEOPLE,
            RawEmail(b"\r\n" + b"x" * 70_000 + b"\r\n", sender="a@example.org", recipients=PEOPLE),
            CHUNKING[:2],
        ),
        (PEOPLE, RawContent.of(BODY), ("CHUNKING",)),
        ([f"r{number}@example.org" for number in range(GROUP - 1)], RawContent.of(BODY), CHUNKING),
    ],
)
def test_not_every_mail_has_a_flight(envelope: list[str], content: Content, offers: tuple[str, ...]) -> None:
    made, taken = Envelope.of("a@example.org", envelope), terms(*offers)
    assert ordinary_flight(made, content, taken, "x") is None
    assert flight_as_planned(plan(made, content, taken, server="x"), content, server="x") is None


@pytest.mark.parametrize(
    ("offer", "error"),
    [("SIZE 10", MessageTooLarge), ("LIMITS RCPTMAX=2", NotSupportedByServer)],
)
@pytest.mark.parametrize("way", ["CHUNKING", "8BITMIME"])
def test_keeps_to_the_limits_that_the_server_announced(offer: str, error: type[UsageError], way: str) -> None:
    envelope, taken = Envelope.of("a@example.org", PEOPLE), terms("PIPELINING", offer, way)
    with pytest.raises(error):
        ordinary_flight(envelope, RawContent.of(BODY), taken, "x")


def test_all_or_nothing_has_no_flight() -> None:
    envelope = Envelope.of("a@example.org", PEOPLE, DeliveryOptions(all_or_nothing=True))
    planned = plan(envelope, RawContent.of(BODY), terms(*CHUNKING), server="x")
    assert flight_as_planned(planned, RawContent.of(BODY), server="x") is None
