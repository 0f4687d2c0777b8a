from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest

from envoi.errors import Phase, Retry
from envoi.oauth.ports import HTTPAnswer
from envoi.oauth.refusal import read_refusal, refusal_of
from tests.oauth.stage import NOW, answered

AADSTS = "AADSTS{}: something. Trace ID: 1"


@pytest.mark.parametrize(
    ("error", "description", "words", "consent"),
    [
        ("invalid_grant", "Token has been expired or revoked.", "six months", True),
        ("invalid_grant", "Bad Request", "7 days", True),
        ("invalid_grant", "", "100 sign-ins", True),
        ("invalid_grant", "", "password is changed", True),
        ("invalid_grant", "", "withdraws", True),
        ("invalid_grant", "", "session policy", True),
        ("invalid_grant", AADSTS.format(700082), "90 days", True),
        ("invalid_grant", AADSTS.format(50173), "password was changed", True),
        ("invalid_grant", AADSTS.format(50076), "second factor", True),
        ("invalid_grant", AADSTS.format(70000), "Sign in again", True),
        ("invalid_grant", AADSTS.format(65001), "consented", True),
        ("invalid_grant", AADSTS.format(50105), "not assigned", False),
        ("access_denied", AADSTS.format(53003), "Conditional Access", False),
        ("invalid_client", AADSTS.format(7000222), "secret has expired", False),
        ("invalid_client", AADSTS.format(7000215), "not its id", False),
        ("invalid_client", AADSTS.format(7000218), "Allow public client flows", False),
        ("invalid_client", "", "Compare client_id", False),
        ("invalid_scope", "", "https://mail.google.com/", False),
        ("unauthorized_client", "", "does not allow", False),
        ("access_denied", "", "declined", True),
        ("expired_token", "", "new code", True),
        ("interaction_required", "", "Sign in again", True),
        ("invalid_request", "redirect_uri mismatch", "redirection_url", False),
        ("invalid_request", "", "fault in the request", False),
    ],
)
def test_every_known_refusal_is_explained(error: str, description: str, words: str, consent: bool) -> None:
    refusal = refusal_of({"error": error, "error_description": description})
    assert words in refusal.remedy
    assert refusal.consent is consent
    raised = refusal.exception("login.example.org")
    assert words in str(raised)
    assert str(raised).startswith(f"login.example.org gave no token: {error}")
    assert (raised.phase, raised.retry) == (Phase.AUTH, Retry.NEVER)


def test_an_unknown_refusal_is_shown_as_it_is() -> None:
    refusal = refusal_of({"error": "on_strike", "error_description": "until Monday."})
    assert str(refusal.exception("x")) == "x gave no token: on_strike: until Monday"
    assert refusal.why == "on_strike"


def test_what_was_sent_is_not_repeated_and_one_line_is_enough() -> None:
    description = "code abc123 not found\x07\r\nTrace ID"
    refusal = refusal_of({"error": "odd", "error_description": description}, secrets=["abc123"])
    assert refusal.description == "code <redacted> not found?"
    assert len(refusal_of({"error": "odd", "error_description": "x" * 999}).description) == 300


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0),
        ("soon", None),
        ("", None),
        ("9" * 5000, 999_999),
    ],
)
def test_retry_after_is_seconds_or_an_instant(value: str, seconds: float | None) -> None:
    refusal = read_refusal(answered(503, {"retry-after": value}), secrets=(), now=NOW)
    assert (refusal.busy, refusal.pause_seconds) == (True, seconds)
    assert refusal.exception("x").retry is Retry.LATER


def test_temporarily_unavailable_is_busy_whatever_the_status() -> None:
    assert read_refusal(answered(400, error="temporarily_unavailable"), secrets=(), now=NOW).busy


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b"[" * 100_000, b'{"error": 1}', b"\xff"])
def test_what_is_no_answer_says_so(body: bytes) -> None:
    refusal = read_refusal(HTTPAnswer(status=404, body=body), secrets=(), now=NOW)
    assert "HTTP status 404" in refusal.error
    assert "token_url" in refusal.remedy
