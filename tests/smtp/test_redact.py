"""What may be shown of what a server says."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.smtp.redact import Redactor, printable


def knowing(*secrets: str | bytes | None) -> Redactor:
    """A redactor that was told these."""
    redactor = Redactor()
    for secret in secrets:
        redactor.hide(secret)
    return redactor


def test_takes_out_a_secret_as_text_and_as_base64() -> None:
    """Behaviour 64."""
    encoded = b64encode(b"open sesame").decode()
    cleaned = knowing("open sesame").clean(f"you said open sesame, that is {encoded}, open sesame")
    assert cleaned == "you said <redacted>, that is <redacted>, <redacted>"


def test_takes_out_a_longer_secret_before_one_inside_it() -> None:
    assert knowing("sesame", "open sesame!").clean("open sesame!") == "<redacted>"


def test_takes_out_secrets_as_replies_show_them() -> None:
    assert knowing("caf\u0085e au lait").clean(printable("caf\u0085e au lait".encode())) == "<redacted>"
    assert knowing(b"\xff\xfebytes").clean(printable(b"\xff\xfebytes")) == "<redacted>"


def test_leaves_short_ones_that_would_tear_words_apart() -> None:
    assert knowing("est").clean("the best test") == "the best test"


@pytest.mark.parametrize("nothing", [None, "", b""])
def test_takes_nothing_out_for_nothing(nothing: str | bytes | None) -> None:
    assert knowing(nothing).clean("any text") == "any text"


def test_has_no_secret_in_its_repr() -> None:
    assert repr(knowing("open sesame")) == "Redactor(2 secrets)"
    assert repr(knowing("open sesame", "open sesame")) == "Redactor(2 secrets)"


def test_quotes_what_is_no_reply_until_a_secret_was_said() -> None:
    assert knowing().quote(b"HTTP/1.1 400\x1b[2J\xff") == repr("HTTP/1.1 400?[2J\ufffd")
    assert len(knowing().quote(bytes(5000))) < 100
    assert knowing("open sesame").quote(b"open ses") == "8 octets"


@given(st.binary())
def test_what_is_printable_cannot_move_a_cursor_or_end_a_line(octets: bytes) -> None:
    """Behaviour 117."""
    text = printable(octets)
    assert len(text.splitlines()) <= 1
    assert not set(map(ord, text)) & {*range(9), *range(10, 32), *range(127, 160)}
