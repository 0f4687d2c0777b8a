"""The message on the wire: what is sent is what is read, and nothing in it is read as anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from envoi.smtp.data import LONE_DOT, DotStuffer, Normaliser, Unstuffer, whole_data, whole_lines
from tests.smtp.chunkings import cut, one_by_one, places, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

# Line ends and dots in every order; what lies between them hardly matters.
bodies = text_of(
    [b"\r\n", b"\r", b"\n", b".", b"a", b"..", b"\r\n.\r\n", b"MAIL FROM:<x@example.org>", b"\0", b"\xff"]
)


def normalised(pieces: Iterable[bytes]) -> bytes:
    """With CRLF line ends."""
    normaliser = Normaliser()
    return b"".join([*map(normaliser.feed, pieces), normaliser.finish()])


def stuffed(pieces: Iterable[bytes]) -> bytes:
    """As the client writes it."""
    normaliser, stuffer = Normaliser(), DotStuffer()
    wire = [stuffer.feed(normaliser.feed(piece)) for piece in pieces]
    return b"".join([*wire, stuffer.feed(normaliser.finish()), LONE_DOT])


def unstuffed(pieces: Iterable[bytes]) -> tuple[bytes, bytes, int]:
    """As the server reads it: the content, what follows, and the bare CRs and LFs."""
    unstuffer, content, rest = Unstuffer(), b"", b""
    for piece in pieces:
        if unstuffer.finished:
            rest += piece
            continue
        more, rest = unstuffer.feed(piece)
        content += more
    return content, rest, unstuffer.bare


def expected(body: bytes) -> bytes:
    """What CRLF normalisation makes of a body, said as simply as can be."""
    lines = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    ended = lines if lines[-1] else lines[:-1]
    return b"".join(line + b"\r\n" for line in ended)


@pytest.mark.parametrize(
    ("body", "wire"),
    [
        (b"", b".\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a\n", b"a\r\n.\r\n"),
        (b"a\r", b"a\r\n.\r\n"),
        (b"a\r\n\r\n", b"a\r\n\r\n.\r\n"),
        (b"a\n\rb", b"a\r\n\r\nb\r\n.\r\n"),
        (b"a\r\r\nb", b"a\r\n\r\nb\r\n.\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"..a", b"...a\r\n.\r\n"),
        (b"a\r\n.\r\nb", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\n.\nb", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\r.\rb", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\n.\r\nb", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a.b\r\n", b"a.b\r\n.\r\n"),
    ],
)
def test_goes_on_the_wire(body: bytes, wire: bytes) -> None:
    """Behaviours 89 to 92, and 95."""
    assert stuffed([body]) == wire
    assert stuffed(one_by_one(body)) == wire


@given(bodies, places, places)
def test_the_server_reads_what_the_client_was_given(
    body: bytes, given_at: list[int], read_at: list[int]
) -> None:
    """Behaviours 91, 92 and 95, in any chunking on either side."""
    wire = stuffed(cut(body, given_at))
    assert wire == stuffed([body])
    content, rest, bare = unstuffed(cut(wire, read_at))
    assert content == expected(body)
    assert rest == b""
    assert bare == 0


@given(bodies, places)
def test_no_body_ends_before_its_end(body: bytes, where: list[int]) -> None:
    """Nothing in a body is read as a command, not even by servers that take bare line ends."""
    wire = stuffed(cut(body, where))
    before_the_end = wire[: -len(b".\r\n")]
    assert b"\r\n.\r\n" not in b"\r\n" + before_the_end
    assert before_the_end.count(b"\r") == before_the_end.count(b"\n") == before_the_end.count(b"\r\n")


@given(bodies, places)
def test_normalising_twice_changes_nothing(body: bytes, where: list[int]) -> None:
    once = normalised(cut(body, where))
    assert once == expected(body) == normalised([once])


def test_large_pieces_pass_unchanged() -> None:
    piece = b"x" * 998 + b"\r\n"
    assert normalised([piece * 100]) == piece * 100


def test_unstuffing_leaves_what_follows_to_others() -> None:
    assert unstuffed([b"a\r\n.\r\nQUIT\r\n"]) == (b"a\r\n", b"QUIT\r\n", 0)


@pytest.mark.parametrize(
    "end", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\n. \r\n", b"\r.\r\n"]
)
def test_only_crlf_dot_crlf_ends_a_message(end: bytes) -> None:
    """Behaviour 95: the ways in which one server saw the end where another did not."""
    smuggled = b"a" + end + b"MAIL FROM:<x@example.org>\r\n.\r\n"
    content, rest, _ = unstuffed([smuggled])
    assert content.endswith(b"MAIL FROM:<x@example.org>\r\n")
    assert rest == b""


@pytest.mark.parametrize(
    ("body", "bare"), [(b"a\nb\r\n", 1), (b"a\rb\r\n", 1), (b"\r\r\n", 1), (b"a\r\n.\rb\r\n", 1)]
)
def test_counts_the_bare_ones(body: bytes, bare: int) -> None:
    assert unstuffed([body + b".\r\n"])[2] == bare
    assert unstuffed(one_by_one(body + b".\r\n"))[2] == bare


@given(text_of([b"\r\n", b"\r", b"\n", b".", b"a", b"\0"]), places)
def test_unstuffing_any_octets_does_not_depend_on_the_chunking(octets: bytes, where: list[int]) -> None:
    wire = octets + b"\r\n.\r\n"
    assert unstuffed(cut(wire, where)) == unstuffed([wire])


def test_hardly_anything_is_kept_back() -> None:
    """Behaviour 93."""
    normaliser, stuffer, unstuffer = Normaliser(), DotStuffer(), Unstuffer()
    given_octets, read = 0, 0
    for piece in (b"x\r\n.\r", b"\n.", b"\r", b"\n\r\n") * 50:
        given_octets += len(piece)
        content, _ = unstuffer.feed(stuffer.feed(normaliser.feed(piece)))
        read += len(content)
        assert given_octets - read <= 6


@given(bodies)
def test_a_whole_message_is_the_sum_of_its_pieces(body: bytes) -> None:
    assert whole_lines(body) == normalised([body])
    assert whole_data(body) == stuffed([body])


def test_what_is_right_already_is_not_copied() -> None:
    message = b"Subject: x\r\n\r\n" + b"line\r\n" * 1000
    assert whole_lines(message) is message
