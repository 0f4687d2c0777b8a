from __future__ import annotations

from base64 import b64encode

import pytest

from envoi.testing import faults
from envoi.testing.answers import Answer

HELLO = b"250-mail.example.org\r\n250-SIZE 10\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n"


def rewritten(fault: faults.Fault, answer: bytes) -> bytes:
    assert fault.rewrite is not None
    return fault.rewrite(answer)


def test_says_what_it_was_told_enhanced_code_included() -> None:
    fault = faults.reply("RCPT", "550 5.1.1 no such user\nhere", times=1)
    assert fault.answer == Answer(550, "", ("5.1.1 no such user", "5.1.1 here"))
    assert fault.when == {"times": 1}


def test_refuses_what_is_no_reply() -> None:
    with pytest.raises(ValueError, match="is no reply"):
        faults.reply("RCPT", "no such user")


@pytest.mark.parametrize(
    ("keyword", "left"),
    [
        ("STARTTLS", b"250-mail.example.org\r\n250-SIZE 10\r\n250 AUTH PLAIN\r\n"),
        ("auth", b"250-mail.example.org\r\n250-SIZE 10\r\n250 STARTTLS\r\n"),
        ("PLAIN", HELLO),
    ],
)
def test_hides_a_keyword(keyword: str, left: bytes) -> None:
    assert rewritten(faults.hide(keyword), HELLO) == left


def test_advertises_a_keyword() -> None:
    assert rewritten(faults.advertise("X-NEW 1"), b"250 mail.example.org\r\n") == (
        b"250-mail.example.org\r\n250 X-NEW 1\r\n"
    )


def test_says_nothing_or_something_else() -> None:
    assert rewritten(faults.silence("NOOP"), b"250 OK\r\n") == b""
    assert rewritten(faults.octets("NOOP", b"?"), b"250 OK\r\n") == b"?"
    assert rewritten(faults.extra("NOOP", b"250 more\r\n"), b"250 OK\r\n") == b"250 OK\r\n250 more\r\n"


def test_begins_what_it_does_not_end() -> None:
    half = faults.half_reply("NOOP")
    assert half.leaves
    assert rewritten(half, b"250 OK\r\n") == b"250-first\r\n25"
    assert rewritten(faults.endless("NOOP", 3), b"250 OK\r\n") == b"250-more\r\n" * 3


def test_leaves_with_and_without_a_word() -> None:
    assert faults.drop("NOOP").rewrite is None
    assert rewritten(faults.drop("NOOP", before_reply=True), b"250 OK\r\n") == b""
    assert not faults.drop("NOOP").resets
    assert faults.reset("NOOP").resets


def test_forges_scrams_signature_and_nothing_else() -> None:
    signature = b"334 %b\r\n" % b64encode(b"v=" + b64encode(b"s" * 32))
    forged = rewritten(faults.wrong_signature(), signature)
    assert forged != signature
    assert len(forged) == len(signature)
    for other in (b"334 %b\r\n" % b64encode(b"r=nonce,s=salt,i=4096"), b"334 \r\n", b"235 2.7.0 welcome\r\n"):
        assert rewritten(faults.wrong_signature(), other) == other
