"""What servers offer, and the many ways in which they write it."""

from __future__ import annotations

import pytest
from hypothesis import given

from envoi.smtp.capabilities import Capabilities
from envoi.smtp.replies import Reply
from tests.smtp.chunkings import text_of


def offered(*lines: str) -> Capabilities:
    """Read the reply of a server that offers this."""
    return Capabilities.from_reply(Reply(code=250, text="\n".join(["mail.example.org greets you", *lines])))


def test_a_server_may_offer_nothing() -> None:
    """Behaviour 19."""
    nothing = offered()
    assert not nothing.keywords
    assert nothing.size is None
    assert nothing.mechanisms == ()
    assert "PIPELINING" not in nothing


def test_the_first_line_offers_nothing() -> None:
    assert "STARTTLS" not in Capabilities.from_reply(Reply(code=250, text="STARTTLS"))


def test_case_does_not_matter() -> None:
    """Behaviour 17."""
    server = offered("pipelining", "8BitMime", "sIzE 1000", "Auth plain Login")
    assert all(keyword in server for keyword in ("PIPELINING", "8BITMIME", "SIZE", "AUTH"))
    assert server.size == 1000
    assert server.mechanisms == ("PLAIN", "LOGIN")


@pytest.mark.parametrize(
    "line", ["AUTH=LOGIN PLAIN", "auth=LOGIN PLAIN", "AUTH LOGIN PLAIN", "  AUTH=LOGIN\tPLAIN"]
)
def test_auth_may_be_written_with_an_equals_sign(line: str) -> None:
    """Behaviour 17."""
    assert offered(line).mechanisms == ("LOGIN", "PLAIN")


def test_only_auth_itself_is_written_so() -> None:
    assert offered("XAUTH=LOGIN").mechanisms == ()
    assert offered("AUTH XAUTH=LOGIN").mechanisms == ("XAUTH=LOGIN",)


def test_auth_may_be_offered_twice() -> None:
    """Behaviour 17."""
    assert offered("AUTH PLAIN LOGIN", "AUTH=LOGIN XOAUTH2").mechanisms == ("PLAIN", "LOGIN", "XOAUTH2")


def test_auth_may_have_no_mechanism() -> None:
    assert offered("AUTH").mechanisms == ()
    assert offered("AUTH=").mechanisms == ()


def test_blanks_and_empty_lines_are_nothing() -> None:
    """Behaviour 17."""
    assert set(offered("", "   ", "  DSN  ").keywords) == {"DSN"}


def test_unknown_keywords_are_kept_with_their_parameters() -> None:
    """Behaviour 22."""
    assert offered("XCLIENT NAME addr").keywords["XCLIENT"] == ("NAME", "addr")


@pytest.mark.parametrize(
    ("line", "size"),
    [
        ("SIZE", None),
        ("SIZE 0", None),
        ("SIZE 35882577", 35882577),
        ("SIZE 00100", 100),
        ("SIZE lots", None),
        ("SIZE -1", None),
        ("SIZE 1e6", None),
        ("SIZE ١٢", None),
        ("SIZE 1_000", None),
        ("SIZE 18446744073709551615", 2**64 - 1),
        (f"SIZE {'9' * 5000}", None),
    ],
)
def test_size_makes_sense_or_is_no_limit(line: str, size: int | None) -> None:
    """Behaviour 23."""
    assert offered(line).size == size


def test_limits_are_read_by_name() -> None:
    server = offered("LIMITS MAILMAX=20 rcptmax=100 RCPTDOMAINMAX=x")
    assert server.limit("MAILMAX") == 20
    assert server.limit("RCPTMAX") == 100
    assert server.limit("RCPTDOMAINMAX") is None
    assert server.limit("OTHER") is None
    assert offered("LIMITS MAILMAX=0").limit("MAILMAX") is None
    assert offered().limit("MAILMAX") is None


@given(
    text_of([b"AUTH", b"=", b" ", b"\n", b"SIZE", b"9", b"LIMITS", b"MAILMAX=", b"\t", b"?", "é".encode()])
)
def test_whatever_is_offered_can_be_asked(octets: bytes) -> None:
    server = Capabilities.from_reply(Reply(code=250, text=octets.decode()))
    assert server.size is None or server.size > 0
    assert all(name == name.upper() for name in server.mechanisms)
    assert server.limit("MAILMAX") is None or server.limit("MAILMAX")
