"""From nothing to a session, and every way in which that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi.errors import (
    Accepted,
    ConnectionFailed,
    DeadlineExceeded,
    DeliveryError,
    Disconnected,
    Phase,
    RemoteProtocolError,
    Retry,
    TLSFailed,
)
from envoi.ports import TLSOptions
from envoi.session.connect import dial
from envoi.session.run import run_sync
from envoi.session.timeouts import Timeouts
from envoi.testing import FakeClock
from tests.session.stage import ONCE, QUIT, STEPWISE, code_of, hello, settings

if TYPE_CHECKING:
    from envoi.ports import Endpoint, Stream
    from envoi.session.conversation import Conversation
    from tests.session.stage import Way


async def opening(conversation: Conversation) -> None:
    """Open the session and nothing else."""
    await conversation.open()


STARTTLS = (
    hello("STARTTLS", "AUTH PLAIN")
    + """
C: STARTTLS
S: 220 go
* tls
"""
)


def test_opens_in_clear_when_asked_by_name(way: Way) -> None:
    played = way.play(hello("PIPELINING") + QUIT, opening)
    assert played.error is None
    assert played.lines[0] == "*: connected to mail.example.org:25"
    assert played.lines[1:3] == ["S: 220 mail.example.org ESMTP", "C: EHLO client.example"]


def test_upgrades_and_forgets_what_was_offered_in_clear(way: Way) -> None:
    """Behaviour 20."""
    seen = []

    async def look(conversation: Conversation) -> None:
        await conversation.open()
        assert conversation.capabilities is not None
        assert conversation.tls is not None
        seen.append(set(conversation.capabilities.keywords))

    way.play(STARTTLS + hello("SIZE 10", greeting="") + QUIT, look, security="starttls")
    assert seen == [{"SIZE"}]


def test_tls_from_the_first_octet(way: Way) -> None:
    """Behaviour 24."""
    played = way.play("* tls\n" + hello() + QUIT, opening, security="tls")
    assert played.lines[1] == "*: TLSv1.3, TLS_AES_256_GCM_SHA384, certificate verified"
    assert played.runtime.endpoints[0].port == 465


def test_unverified_is_visible(way: Way) -> None:
    """Behaviour 34."""
    played = way.play(
        "* tls\n" + hello() + QUIT, opening, security="tls", tls=TLSOptions(insecure_skip_verification=True)
    )
    assert played.lines[1].endswith("certificate NOT VERIFIED")


@pytest.mark.parametrize(
    ("code", "kind", "retry"),
    [
        (421, ConnectionFailed, Retry.LATER),
        (450, ConnectionFailed, Retry.LATER),
        (554, ConnectionFailed, Retry.NEVER),
        (250, RemoteProtocolError, Retry.LATER),
        (354, RemoteProtocolError, Retry.LATER),
    ],
)
def test_a_greeting_that_is_no_welcome(way: Way, code: int, kind: type[DeliveryError], retry: Retry) -> None:
    """Behaviour 9."""
    error = way.play(f"S: {code} not today", opening).error
    assert isinstance(error, kind)
    assert (error.phase, code_of(error), error.retry) == (Phase.GREETING, code, retry)


def test_waits_for_the_whole_greeting(way: Way) -> None:
    """Behaviour 8."""
    way.play(
        hello(greeting="S: 220-mail.example.org\n* wait 20\nS: 220-no spam\n* wait 20\nS: 220 ok") + QUIT,
        opening,
    )


def test_falls_back_to_helo(way: Way) -> None:
    """Behaviours 15 and 19."""
    script = "S: 220 old\nC: EHLO client.example\nS: 502 what?\nC: HELO client.example\nS: 250 hi\n"
    played = way.play(script + STEPWISE + QUIT)
    assert played.result.accepted == ("b@example.org",)


@pytest.mark.parametrize(
    ("replies", "kind", "code"),
    [
        (["502 what?", "502 what?"], ConnectionFailed, 502),
        (["451 later"], ConnectionFailed, 451),
        (["421 later"], Disconnected, 421),
        (["502 what?", "421 later"], Disconnected, 421),
    ],
)
def test_no_hello_no_session(way: Way, replies: list[str], kind: type[DeliveryError], code: int) -> None:
    """Behaviours 15 and 16."""
    script = "S: 220 mail.example.org\n"
    for verb, reply in zip(("EHLO", "HELO"), replies, strict=False):
        script += f"C: {verb} client.example\nS: {reply}\n"
    error = way.play(script, opening).error
    assert isinstance(error, kind)
    assert (error.phase, code_of(error), error.accepted) == (Phase.HELLO, code, Accepted.NO)
    assert "client.example" in str(error)


def test_lmtp_says_lhlo_and_nothing_else(way: Way) -> None:
    """Behaviour 129."""
    error = way.play("S: 220 x\nC: LHLO client.example\nS: 500 what?", opening, protocol="lmtp").error
    assert type(error) is ConnectionFailed


def test_introduces_itself_as_told(way: Way) -> None:
    """Behaviour 13."""
    script = "S: 220 x\nC: EHLO [IPv6:2001:db8::1]\nS: 250 hi\n" + QUIT
    assert way.play(script, opening, local_hostname="2001:db8::1").error is None


def test_starttls_stripped(way: Way) -> None:
    """Behaviours 25 and 39: nothing is sent after it."""
    played = way.play(
        hello("AUTH PLAIN"), opening, security="starttls", username="alice", password="open sesame"
    )
    assert type(played.error) is TLSFailed
    assert played.error.retry is Retry.NEVER
    assert "does not offer STARTTLS on port 587" in str(played.error)
    assert "port 465" in str(played.error)
    assert played.sent == b"EHLO client.example\r\n"


def test_starttls_after_helo_is_stripped_too(way: Way) -> None:
    script = (
        "S: 220 x\nC: EHLO client.example\nS: 500 no\nC: HELO client.example\nS: 250-x\nS: 250 STARTTLS\n"
    )
    assert type(way.play(script, opening, security="starttls").error) is TLSFailed


@pytest.mark.parametrize("reply", ["454 4.7.0 not now", "502 5.5.1 what?", "250 fine", "421 bye"])
def test_starttls_refused(way: Way, reply: str) -> None:
    """Behaviours 27 and 28."""
    played = way.play(hello("STARTTLS") + f"C: STARTTLS\nS: {reply}", opening, security="starttls")
    assert type(played.error) is TLSFailed
    assert (played.error.phase, str(played.error.reply)) == (Phase.TLS, reply)
    assert played.sent.endswith(b"STARTTLS\r\n")


@pytest.mark.parametrize("injected", ["S: 250-evil\nS: 250 AUTH PLAIN", r"* raw 2", r"* raw \x16\x03\x01"])
def test_octets_in_clear_behind_starttls(way: Way, injected: str) -> None:
    """Behaviour 31."""
    script = hello("STARTTLS") + f"C: STARTTLS\nS: 220 go\n{injected}"
    error = way.play(script, opening, security="starttls").error
    assert type(error) is RemoteProtocolError
    assert error.phase is Phase.TLS
    assert "injecting" in str(error)


def test_a_failing_handshake_ends_it(way: Way) -> None:
    """Behaviour 39."""
    script = hello("STARTTLS") + "C: STARTTLS\nS: 220 go\n* tls failed certificate has expired"
    played = way.play(script, opening, security="starttls")
    assert type(played.error) is TLSFailed
    assert played.sent.endswith(b"STARTTLS\r\n")


@pytest.mark.parametrize("end", ["* close", "* reset"])
def test_disconnected_before_anything(way: Way, end: str) -> None:
    """Behaviours 4 and 29."""
    error = way.play(end, opening).error
    assert type(error) is Disconnected
    assert (error.phase, error.accepted) == (Phase.GREETING, Accepted.NO)


def test_disconnected_in_the_middle_of_a_reply(way: Way) -> None:
    """Behaviour 115."""
    error = way.play("S: 220-mail.example.org\n* raw 22\n* close", opening).error
    assert type(error) is Disconnected
    assert "in the middle of the reply" in str(error)


def test_refused_connection(way: Way) -> None:
    """Behaviour 4."""
    error = way.play("* refuse no route", opening).error
    assert type(error) is ConnectionFailed
    assert error.phase is Phase.CONNECT


@pytest.mark.parametrize(
    ("script", "phase", "seconds"),
    [
        ("", Phase.GREETING, 11.0),
        ("S: 220 hi\nC: EHLO client.example", Phase.HELLO, 22.0),
        (hello("STARTTLS") + "C: STARTTLS", Phase.TLS, 33.0),
    ],
)
def test_each_phase_has_its_time(script: str, phase: Phase, seconds: float) -> None:
    """Behaviours 5 and 125."""
    played = ONCE.play(script, opening, security="starttls", timeout=Timeouts(greeting=11, reply=22, tls=33))
    assert type(played.error) is DeadlineExceeded
    assert played.error.phase is phase
    assert played.seconds == seconds


def test_one_octet_per_second_does_not_hold_us() -> None:
    """Behaviour 112: the time is for the whole reply, not for its next octet."""
    played = ONCE.play("* pace 1\n* repeat 50 220-and so on", opening, whole=False, timeout=30)
    assert type(played.error) is DeadlineExceeded
    assert played.seconds <= 31


def test_the_deadline_is_for_all_phases() -> None:
    script = "* wait 8\n" + hello().replace("S: 250", "* wait 8\nS: 250") + "\n* wait 8\n"
    played = ONCE.play(script + STEPWISE, whole=False, deadline=20, timeout=10)
    assert type(played.error) is DeadlineExceeded
    assert played.error.phase is Phase.MAIL
    assert played.seconds == 20


@pytest.mark.parametrize(
    ("timeout", "deadline_at", "granted"), [(10, None, 10), (10, 3, 3), (None, 3, 3), (None, None, None)]
)
def test_the_deadline_shortens_connecting_too(
    timeout: float | None, deadline_at: float | None, granted: float | None
) -> None:
    asked = []

    class Runtime:
        clock = FakeClock()

        @property
        def connector(self) -> Runtime:
            return self

        async def connect(self, endpoint: Endpoint, timeout: float | None) -> Stream:
            asked.append(timeout)
            raise ConnectionFailed("no", phase=Phase.CONNECT)

    with pytest.raises(ConnectionFailed):
        run_sync(dial(Runtime(), settings(timeout=timeout), deadline_at=deadline_at))  # type: ignore[arg-type]
    assert asked == [granted]
