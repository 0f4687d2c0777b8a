"""SASLprep against the examples of RFC 4013 and against an independent implementation."""

from __future__ import annotations

import stringprep

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scramp.utils import ScramException
from scramp.utils import saslprep as oracle

from envoi.errors import UsageError
from envoi.smtp.sasl.saslprep import saslprep


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
    ],
)
def test_prepares_as_rfc_4013_shows(text: str, prepared: str) -> None:
    assert saslprep(text) == prepared


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\u0007", "prohibits"),
        ("\u0627\u0031", "directions"),
        ("\u0627a\u0627", "directions"),
        ("a\u0627", "directions"),
        ("", "drops"),
        ("\u00ad", "drops"),
        ("\ue000", "prohibits"),
    ],
)
def test_refuses_what_rfc_4013_prohibits_without_quoting_it(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        saslprep(text)
    assert not text or text not in str(caught.value)


def test_lets_right_to_left_text_pass() -> None:
    assert saslprep("\u0627\u0031\u0628") == "\u0627\u0031\u0628"


def test_leaves_characters_newer_than_the_tables_alone() -> None:
    assert saslprep("\N{CLOSED LOCK WITH KEY}x") == "\N{CLOSED LOCK WITH KEY}x"


@given(st.text(max_size=30))
def test_agrees_with_an_independent_implementation(text: str) -> None:
    try:
        expected = oracle(text)
    except ScramException:
        expected = ""
    # The two differ on purpose over characters that the tables do not know yet.
    assume(expected or not any(map(stringprep.in_table_a1, text)))
    try:
        prepared = saslprep(text)
    except UsageError:
        prepared = ""
    assert prepared == expected
