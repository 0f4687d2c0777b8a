from __future__ import annotations

import asyncio

import pytest

from envoi.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    DeadlineExceeded,
    Disconnected,
    TLSFailed,
    UsageError,
)
from envoi.ports import TLSOptions
from envoi.session.inspect import Inspection, inspect
from envoi.session.run import run_sync
from envoi.session.settings import Settings
from envoi.testing import Chunking, ScriptedRuntime

GREETED = """
S: 220 mail.example.org ESMTP
C: EHLO client.example
S: 250-mail.example.org
S: 250-STARTTLS
S: 250 AUTH PLAIN
"""
SECURED = """
C: STARTTLS
S: 220 go
* tls
C: EHLO client.example
S: 250-mail.example.org
S: 250-PIPELINING
S: 250 AUTH PLAIN
"""
NOOPS = """
C: NOOP
* wait 0.25
S: 250 fine
C: NOOP
* wait 0.5
S: 250 fine
"""
FAREWELL = """
C: QUIT
S: 221 bye
"""
UNTRUSTED = """
C: STARTTLS
S: 220 go
* tls failed its certificate is self-signed
* connect
"""


def settings(
    *, security: str = "starttls", port: int | None = None, deadline: float | None = None, **rest: object
) -> Settings:
    given: dict[str, object] = {
        "source_address": None,
        "proxy": None,
        "auth": None,
        "tls": None,
        "timeout": 30.0,
        "protocol": "smtp",
        "mechanisms": None,
        **rest,
    }
    return Settings.of("mail.example.org", port, security=security, deadline=deadline, **given)  # type: ignore[arg-type]


def look(
    transcript: str, wanted: Settings | None = None, chunking: Chunking = Chunking.AT_ONCE
) -> Inspection:
    runtime = ScriptedRuntime(transcript, chunking)
    seen = run_sync(inspect(runtime, wanted or settings(), rounds=2))
    runtime.assert_finished()
    return seen


@pytest.mark.parametrize("chunking", Chunking)
def test_notes_what_is_offered_before_and_after_tls(chunking: Chunking) -> None:
    seen = look(GREETED + SECURED + NOOPS + FAREWELL, chunking=chunking)
    assert seen.failure is None
    assert seen.peer == "mail.example.org:587"
    assert seen.greeting is not None
    assert seen.greeting.text == "mail.example.org ESMTP"
    assert seen.in_clear is not None
    assert "STARTTLS" in seen.in_clear
    assert seen.offered is not None
    assert seen.offered.keywords == {"PIPELINING": (), "AUTH": ("PLAIN",)}
    assert seen.tls is not None
    assert seen.tls.verified


def test_serves_the_other_colour_too() -> None:
    runtime = ScriptedRuntime(GREETED + SECURED + NOOPS + FAREWELL)
    assert asyncio.run(inspect(runtime, settings(), rounds=2)).failure is None


def test_times_the_way_there_and_back() -> None:
    assert look(GREETED + SECURED + NOOPS + FAREWELL).round_trips == (0.25, 0.5)


def test_does_the_handshake_first_on_a_port_for_tls() -> None:
    seen = look("* tls" + GREETED + NOOPS + FAREWELL, settings(security="tls"))
    assert seen.failure is None
    assert seen.in_clear is None
    assert seen.offered is not None
    assert seen.tls is not None


def test_looks_at_a_server_without_tls_when_asked_by_name() -> None:
    seen = look(GREETED + NOOPS + FAREWELL, settings(security="plaintext"))
    assert seen.tls is None
    assert seen.in_clear == seen.offered is not None


def test_logs_in_when_it_has_something_to_log_in_with() -> None:
    login = "C: AUTH PLAIN *\nS: 235 welcome\n"
    seen = look(GREETED + SECURED + login + NOOPS + FAREWELL, settings(username="me", password="opensesame"))
    assert seen.logged_in


def test_tells_a_refused_login_with_all_that_was_seen_before() -> None:
    login = "C: AUTH PLAIN *\nS: 535 5.7.8 no\n"
    seen = look(GREETED + SECURED + login, settings(username="me", password="opensesame"))
    assert isinstance(seen.failure, AuthenticationFailed)
    assert not seen.logged_in
    assert seen.offered is not None


def test_shows_the_certificate_that_was_refused() -> None:
    seen = look(GREETED + UNTRUSTED + GREETED + SECURED + FAREWELL)
    assert isinstance(seen.failure, TLSFailed)
    assert seen.tls is not None
    assert not seen.tls.verified
    assert seen.offered is not None


def test_gives_no_credentials_to_a_server_whose_certificate_was_refused() -> None:
    wanted = settings(username="me", password="opensesame", tls=TLSOptions(fingerprints=("ab" * 32,)))
    seen = look(GREETED + UNTRUSTED + GREETED + SECURED + FAREWELL, wanted)
    assert isinstance(seen.failure, TLSFailed)
    assert not seen.logged_in


def test_looks_again_on_a_port_for_tls_as_well() -> None:
    again = "* tls failed expired\n* connect\n* tls" + GREETED + FAREWELL
    seen = look(again, settings(security="tls"))
    assert seen.tls is not None
    assert seen.greeting is not None


def test_is_content_with_the_first_failure_when_the_second_look_fails() -> None:
    seen = look(GREETED + "C: STARTTLS\nS: 220 go\n* tls failed too old\n* connect\n* refuse gone")
    assert isinstance(seen.failure, TLSFailed)
    assert "too old" in str(seen.failure)
    assert seen.tls is None


def test_does_not_look_again_where_no_tls_is_offered() -> None:
    seen = look("S: 220 hello\nC: EHLO client.example\nS: 250 mail.example.org\n")
    assert isinstance(seen.failure, TLSFailed)
    assert seen.in_clear is not None
    assert seen.offered is None


def test_does_not_look_again_where_starttls_was_refused() -> None:
    seen = look(GREETED + "C: STARTTLS\nS: 454 4.7.0 not now\n")
    assert isinstance(seen.failure, TLSFailed)
    assert seen.failure.reply is not None


def test_keeps_a_greeting_that_is_no_welcome() -> None:
    seen = look("S: 554 5.7.1 go away\n")
    assert seen.greeting is not None
    assert seen.greeting.code == 554
    assert isinstance(seen.failure, ConnectionFailed)


def test_tells_a_refused_connection() -> None:
    seen = look("* refuse nobody listens")
    assert isinstance(seen.failure, ConnectionFailed)
    assert seen.peer is None


def test_tells_a_server_that_hangs_up() -> None:
    assert isinstance(look(GREETED + "C: STARTTLS\n* close").failure, Disconnected)


def test_ends_at_its_deadline() -> None:
    seen = look("* wait 20\nS: 220 hello\n", settings(deadline=5))
    assert isinstance(seen.failure, DeadlineExceeded)
    assert seen.peer is not None


def test_leaves_no_connection_open_when_the_settings_fit_no_server() -> None:
    wanted = settings(username="me", password="opensesame", mechanisms=("ROT13",))
    runtime = ScriptedRuntime(GREETED + SECURED)
    with pytest.raises(UsageError, match="ROT13"):
        run_sync(inspect(runtime, wanted))
    runtime.assert_finished()
