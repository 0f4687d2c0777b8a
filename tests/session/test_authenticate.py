"""Logging in: one mechanism, one attempt, and nothing of it in anything that people read."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from envoi.errors import (
    AuthenticationFailed,
    Disconnected,
    Phase,
    RemoteProtocolError,
    Retry,
    TokenUnavailable,
    UsageError,
)
from tests.session.stage import ONCE, QUIT, code_of, hello

if TYPE_CHECKING:
    from envoi.session.conversation import Conversation
    from tests.session.stage import Played, Way

PASSWORD: dict[str, Any] = {"username": "alice", "password": "open sesame!"}
TOKEN: dict[str, Any] = {"username": "alice@example.org", "auth": "ya29.opensesame"}
PLAIN = b64encode(b"\0alice\0open sesame!").decode()
REFUSAL = {"status": "401", "schemes": "bearer", "scope": "https://mail.example/"}


def encoded(value: object) -> str:
    """As a 334 carries it."""
    return b64encode(json.dumps(value).encode() if not isinstance(value, bytes) else value).decode()


async def opening(conversation: Conversation) -> None:
    """Open the session and nothing else."""
    await conversation.open()


def log_in(way: Way, script: str, *mechanisms: str, **options: Any) -> Played:
    """Log in over TLS to a server that offers these mechanisms."""
    offers = [f"AUTH {' '.join(mechanisms)}"] if mechanisms else []
    return way.play("* tls\n" + hello(*offers) + script, opening, security="tls", **options)


def test_plain_in_one_step(way: Way) -> None:
    """Behaviour 43."""
    played = log_in(way, f"C: AUTH PLAIN {PLAIN}\nS: 235 2.7.0 welcome\n" + QUIT, "PLAIN", **PASSWORD)
    assert played.error is None
    assert "C: AUTH PLAIN <redacted>" in played.lines


def test_login_in_three(way: Way) -> None:
    """Behaviour 44."""
    script = f"C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: {encoded(b'alice')}\nS: 334 UGFzc3dvcmQ6\n"
    script += f"C: {encoded(b'open sesame!')}\nS: 235 welcome\n" + QUIT
    played = log_in(way, script, "LOGIN", **PASSWORD)
    assert played.error is None
    assert played.lines.count("C: <redacted>") == 2


def test_a_response_too_long_for_the_line_waits_for_its_turn(way: Way) -> None:
    token = "x" * 600
    first = f"user=alice@example.org\x01auth=Bearer {token}\x01\x01".encode()
    script = f"C: AUTH XOAUTH2\nS: 334 \nC: {encoded(first)}\nS: 235 welcome\n" + QUIT
    played = log_in(way, script, "XOAUTH2", username="alice@example.org", auth=token)
    assert played.error is None


@pytest.mark.parametrize(("code", "retry"), [(535, Retry.NEVER), (454, Retry.LATER), (534, Retry.NEVER)])
def test_a_refusal_is_final(way: Way, code: int, retry: Retry) -> None:
    """Behaviours 53 and 54: no cascade from one mechanism to the next."""
    played = log_in(way, f"C: AUTH PLAIN *\nS: {code} no", "PLAIN", "LOGIN", "CRAM-MD5", **PASSWORD)
    assert type(played.error) is AuthenticationFailed
    assert (played.error.phase, code_of(played.error), played.error.retry) == (Phase.AUTH, code, retry)
    assert "with PLAIN" in str(played.error)
    assert played.error.remedy


def test_421_while_logging_in(way: Way) -> None:
    """Behaviour 58."""
    error = log_in(way, "C: AUTH PLAIN *\nS: 421 4.7.0 too many attempts", "PLAIN", **PASSWORD).error
    assert type(error) is Disconnected
    assert (error.phase, error.retry) == (Phase.AUTH, Retry.LATER)


@pytest.mark.parametrize("reply", ["250 ok", "334 not!base64", "334 " + "A" * 4000, "999 x"])
def test_nonsense_while_logging_in(way: Way, reply: str) -> None:
    """Behaviour 58."""
    error = log_in(way, f"C: AUTH PLAIN *\nS: {reply}", "PLAIN", **PASSWORD).error
    assert type(error) is RemoteProtocolError


def test_a_challenge_that_was_not_due(way: Way) -> None:
    error = log_in(way, "C: AUTH PLAIN *\nS: 334 bW9yZQ==", "PLAIN", **PASSWORD).error
    assert type(error) is RemoteProtocolError
    assert error.phase is Phase.AUTH


def test_a_server_that_accepts_before_it_has_proved_itself(way: Way) -> None:
    """Behaviour 46: 235 from whoever does not know the password is worth nothing."""
    played = log_in(way, "C: AUTH SCRAM-SHA-256 *\nS: 235 welcome", "SCRAM-SHA-256", **PASSWORD)
    assert type(played.error) is RemoteProtocolError
    assert b"QUIT" not in played.sent


def test_no_auth_offered(way: Way) -> None:
    """Behaviours 55 and 56."""
    error = log_in(way, "", **PASSWORD).error
    assert type(error) is AuthenticationFailed
    assert error.reply is None
    assert error.retry is Retry.NEVER


def test_auth_offered_only_in_clear(way: Way) -> None:
    """What was offered before TLS does not count after it."""
    script = hello("STARTTLS", "AUTH PLAIN") + "C: STARTTLS\nS: 220 go\n* tls\n" + hello(greeting="")
    played = way.play(script, opening, security="starttls", **PASSWORD)
    assert type(played.error) is AuthenticationFailed
    assert b"AUTH" not in played.sent


def test_no_credential_leaves_in_clear(way: Way) -> None:
    played = way.play(hello("AUTH PLAIN"), opening, **PASSWORD)
    assert type(played.error) is AuthenticationFailed
    assert "not encrypted" in str(played.error)
    assert b"AUTH" not in played.sent


def test_unless_told_to(way: Way) -> None:
    script = hello("AUTH PLAIN") + f"C: AUTH PLAIN {PLAIN}\nS: 235 ok\n" + QUIT
    assert way.play(script, opening, allow_plaintext_auth=True, **PASSWORD).error is None


def test_only_the_mechanisms_that_are_allowed(way: Way) -> None:
    """Behaviour 52."""
    script = "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: *\nS: 334 UGFzc3dvcmQ6\nC: *\nS: 235 welcome\n" + QUIT
    assert log_in(way, script, "PLAIN", "LOGIN", mechanisms=["login"], **PASSWORD).error is None


def test_a_mechanism_that_nobody_knows() -> None:
    """Behaviour 57."""
    error = log_in(ONCE, "", "PLAIN", mechanisms=["MAGIC"], **PASSWORD).error
    assert isinstance(error, UsageError)


def test_external_with_an_identity(way: Way) -> None:
    """Behaviour 49."""
    script = f"C: AUTH EXTERNAL {encoded(b'alice')}\nS: 235 ok\n" + QUIT
    assert log_in(way, script, "EXTERNAL", username="alice", mechanisms=["EXTERNAL"]).error is None
    script = "C: AUTH EXTERNAL =\nS: 235 ok\n" + QUIT
    assert log_in(way, script, "EXTERNAL", mechanisms=["EXTERNAL"]).error is None


class Tokens:
    """A source that counts how often it was asked."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)
        self.asked: list[bool] = []

    async def token(self, *, renew: bool) -> str:
        self.asked.append(renew)
        if not self.tokens:
            raise TokenUnavailable("no refresh token", phase=Phase.AUTH)
        return self.tokens.pop(0)


REFUSED = f"C: AUTH XOAUTH2 *\nS: 334 {encoded(REFUSAL)}\nC: \nS: 535 5.7.8 bad token\n"


def test_a_refused_token_is_renewed_once(way: Way) -> None:
    """Behaviours 48 and 62."""
    source = Tokens("old", "new")
    script = REFUSED + "C: AUTH XOAUTH2 *\nS: 235 welcome\n" + QUIT
    played = log_in(way, script, "XOAUTH2", username="alice@example.org", auth=source)
    assert played.error is None
    assert source.asked == [False, True]
    assert "*: the token was refused; renewing it once" in played.lines


def test_and_no_more_than_once(way: Way) -> None:
    source = Tokens("old", "new", "newer")
    played = log_in(way, REFUSED * 2, "XOAUTH2", username="alice@example.org", auth=source)
    assert type(played.error) is AuthenticationFailed
    assert source.asked == [False, True]
    assert "https://mail.example/" in played.error.remedy


@pytest.mark.parametrize("tokens", [("same", "same"), ("only",)])
def test_nothing_is_tried_again_without_another_token(way: Way, tokens: tuple[str, ...]) -> None:
    source = Tokens(*tokens)
    played = log_in(way, REFUSED, "XOAUTH2", username="alice@example.org", auth=source)
    assert type(played.error) is AuthenticationFailed
    assert code_of(played.error) == 535


@pytest.mark.parametrize("reply", ["454 4.7.0 later", "421 bye"])
def test_a_temporary_refusal_says_nothing_about_the_token(way: Way, reply: str) -> None:
    source = Tokens("old", "new")
    log_in(way, f"C: AUTH XOAUTH2 *\nS: {reply}", "XOAUTH2", username="alice@example.org", auth=source)
    assert source.asked == [False]


def test_no_token_no_login(way: Way) -> None:
    played = log_in(way, "", "XOAUTH2", username="alice@example.org", auth=Tokens())
    assert type(played.error) is TokenUnavailable
    assert b"AUTH" not in played.sent


def test_a_mechanism_that_needs_no_token_does_not_renew(way: Way) -> None:
    source = Tokens("old", "new")
    played = log_in(way, "", "PLAIN", username="alice@example.org", auth=source)
    assert type(played.error) is AuthenticationFailed
    assert source.asked == [False]


ECHOES = [
    f"C: AUTH PLAIN *\nS: 535 wrong password open sesame! for {PLAIN}",
    f"C: AUTH PLAIN *\nS: 235-you said {PLAIN}\nS: 235 open sesame!\nC: QUIT\nS: 500 open sesame!",
    f"C: AUTH PLAIN *\nS: open sesame! {PLAIN}",
    f"C: AUTH PLAIN *\n* raw 535 open sesame! {PLAIN}\n* close",
    f"C: AUTH PLAIN *\nS: 535-open sesame!\nS: 250 {PLAIN}",
    f"C: AUTH PLAIN *\nS: 334 {PLAIN}",
    f"C: AUTH PLAIN *\nS: 421 open sesame! {PLAIN}",
    f"C: AUTH PLAIN *\nS: 250 open sesame! {PLAIN}",
    f"C: AUTH PLAIN *\nS: 235 ok\nS: 250 open sesame! {PLAIN}\nC: QUIT",
]


@pytest.mark.parametrize("script", ECHOES)
def test_a_server_that_echoes_secrets_reaches_nobody(way: Way, script: str) -> None:
    """Behaviours 64 and 138: not the transcript, not the error, not its reply, cause or notes."""
    offered = "* tls\n" + hello("AUTH PLAIN")
    played = way.play(offered + script, opening, whole=False, security="tls", **PASSWORD)
    shown = "\n".join(played.lines) + _everything_about(played.error)
    for secret in ("sesame", PLAIN, PLAIN[:20], "b3BlbiBz"):
        assert secret not in shown


def test_a_server_that_echoes_the_token_in_its_json_reaches_nobody(way: Way) -> None:
    told = b'{ "status": "401", "scope": "ya29.opensesame"}'
    script = f"C: AUTH XOAUTH2 *\nS: 334 {encoded(told)}\nC: \nS: 535 no"
    played = log_in(way, script, "XOAUTH2", **TOKEN)
    assert "opensesame" not in "\n".join(played.lines) + _everything_about(played.error)
    assert "[token]" in played.error.remedy


def _everything_about(error: BaseException | None) -> str:
    if error is None:
        return ""
    known = f"{error} {error!r} {error.args} {vars(error)} {getattr(error, '__notes__', '')}"
    return known + _everything_about(error.__cause__) + _everything_about(error.__context__)
