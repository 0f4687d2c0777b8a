"""Replies as servers word them, and what is made of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.smtp.explain import explain
from envoi.smtp.login_explanations import LOCKED_OUT, LOGIN
from envoi.smtp.mail_explanations import MAIL

Case = tuple[int, str | None, str | None, str, str]


def known_replies() -> list[Case]:
    """Read the table: code, enhanced code, mechanism, text, and words of the explanation."""
    lines = Path(__file__).with_name("known_replies.tsv").read_text("utf-8").splitlines()
    return [_case(*line.split("\t")) for line in lines if not line.startswith("#")]


def _case(code: str, enhanced: str, mechanism: str, text: str, words: str) -> Case:
    return int(code), _given(enhanced), _given(mechanism), text.replace("\\n", "\n"), words


def _given(value: str) -> str | None:
    return None if value == "-" else value


@pytest.mark.parametrize(("code", "enhanced", "mechanism", "text", "words"), known_replies())
def test_says_what_a_known_reply_means(
    code: int, enhanced: str | None, mechanism: str | None, text: str, words: str
) -> None:
    remedy = explain(code, enhanced, text, mechanism=mechanism)
    assert words in remedy
    assert remedy.endswith(".")


@pytest.mark.parametrize("mechanism", ["LOGIN", "XOAUTH2", None])
def test_does_not_send_people_to_their_credentials_when_smtp_auth_is_off(mechanism: str | None) -> None:
    text = "Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."
    remedy = explain(535, "5.7.139", text, mechanism=mechanism, failure={"status": "401"})
    assert remedy.startswith("SMTP AUTH is switched off")
    assert "wrong" not in remedy


@pytest.mark.parametrize(
    ("code", "enhanced", "text"),
    [(250, "2.1.5", "Ok"), (451, "4.3.0", "Queue file write error"), (550, None, "No."), (500, None, "")],
)
def test_says_nothing_of_what_it_does_not_know(code: int, enhanced: str | None, text: str) -> None:
    assert explain(code, enhanced, text) == ""


def test_reads_the_enhanced_code_from_the_text_when_nobody_did() -> None:
    assert "no such mailbox" in explain(550, None, "5.1.1 Gone")
    assert explain(550, None, "15.1.1 Gone") == ""


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        ({"status": "401", "schemes": "bearer"}, ["has expired", "fresh token"]),
        (
            {"status": "400", "scope": "https://mail.google.com/"},
            ["has expired", "scope https://mail.google.com/."],
        ),
        ({"status": "invalid_token"}, ["has expired"]),
        ({"status": "insufficient_scope"}, ["valid but does not allow this"]),
        ({"status": "500"}, ["(status 500)"]),
        (
            {"openid-configuration": "https://id.example.org"},
            ["status not given", "at https://id.example.org."],
        ),
    ],
)
def test_reads_the_json_of_a_failed_oauth_login(failure: dict[str, str], words: list[str]) -> None:
    remedy = explain(535, "5.7.8", "Authentication failed", failure=failure, mechanism="OAUTHBEARER")
    for word in words:
        assert word in remedy


@given(
    code=st.integers(200, 599),
    enhanced=st.none() | st.text(max_size=10),
    text=st.text(),
    mechanism=st.none() | st.text(max_size=10),
)
def test_has_one_short_answer_for_anything(
    code: int, enhanced: str | None, text: str, mechanism: str | None
) -> None:
    assert len(explain(code, enhanced, text, mechanism=mechanism)) < 500


def test_looks_for_words_in_small_letters_only() -> None:
    rows = (*LOCKED_OUT, *LOGIN, *MAIL)
    assert all(words == words.casefold() for row in rows for words in row.words)
    assert all(row.remedy.endswith(".") for row in rows)
