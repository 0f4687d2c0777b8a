"""Replies: the three digits, the bounds, and that no octets at all bring anything else about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import RemoteProtocolError
from envoi.smtp.redact import Redactor
from envoi.smtp.replies import Reply, ReplyReader, format_reply
from tests.smtp.chunkings import cut, one_by_one, places, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable


def read(*pieces: bytes) -> list[Reply]:
    """Every reply in these octets."""
    reader = ReplyReader()
    replies = []
    for piece in pieces:
        reader.feed(piece)
        while (reply := reader.next_reply()) is not None:
            replies.append(reply)
    return replies


def outcome(pieces: Iterable[bytes]) -> tuple[list[Reply], str]:
    """The replies before the first error, and the error."""
    reader = ReplyReader()
    replies = []
    try:
        for piece in pieces:
            reader.feed(piece)
            while (reply := reader.next_reply()) is not None:
                replies.append(reply)
    except RemoteProtocolError as error:
        return replies, str(error)
    return replies, ""


def refused(octets: bytes) -> str:
    """The error that these octets end in."""
    with pytest.raises(RemoteProtocolError) as caught:
        read(octets)
    return str(caught.value)


def test_reads_a_reply_of_one_line() -> None:
    assert read(b"250 OK\r\n") == [Reply(code=250, text="OK")]


def test_joins_the_lines_of_a_reply() -> None:
    """Behaviour 110."""
    [reply] = read(b"250-mail.example.org\r\n250-SIZE 1000\r\n250 HELP\r\n")
    assert reply.lines == ("mail.example.org", "SIZE 1000", "HELP")
    assert str(reply) == "250 mail.example.org / SIZE 1000 / HELP"


def test_waits_for_the_last_line() -> None:
    """Behaviour 8."""
    assert read(b"220-mail.example.org\r\n", b"220-no open relay\r\n") == []


@pytest.mark.parametrize("octets", [b"250\r\n", b"250 \r\n", b"250\n"])
def test_takes_a_code_without_text(octets: bytes) -> None:
    """Behaviour 110."""
    assert read(octets) == [Reply(code=250)]


def test_takes_lines_that_end_in_a_bare_line_feed() -> None:
    assert read(b"250-one\n250 two\n") == [Reply(code=250, text="one\ntwo")]


@pytest.mark.parametrize("octets", [b"250-one\r\n250 two\r\n354 go\r\n", b"250-\r\n250\r\n220 x\n"])
def test_reads_the_same_octet_by_octet(octets: bytes) -> None:
    """Behaviour 110."""
    assert read(*one_by_one(octets)) == read(octets)


@pytest.mark.parametrize(
    "line",
    [
        b"25 OK",
        b"2500 OK",
        b"+25 OK",
        b" 250 OK",
        b"2_5 OK",
        b"199 OK",
        b"600 OK",
        b"000",
        b"",
        b"250_OK",
        b"250\tOK",
        "٢٥٠ OK".encode(),
        b"OK",
        b"HTTP/1.1 400 Bad Request",
    ],
)
def test_refuses_what_has_no_three_digits(line: bytes) -> None:
    """Behaviour 111."""
    assert "where a reply was expected" in refused(b"250 first\r\n" + line + b"\r\n")


def test_refuses_another_code_in_the_middle() -> None:
    """Behaviour 111."""
    assert "begins with 250 and goes on with 550" in refused(b"250-one\r\n550 two\r\n")


def test_asks_whether_there_is_an_smtp_server_at_all() -> None:
    assert "Is there an SMTP server on this port?" in refused(b"\x16\x03\x01\x00\x02\n")


def test_tolerates_one_empty_line_before_the_greeting() -> None:
    """Behaviour 10."""
    assert read(b"\r\n220 hello\r\n") == [Reply(code=220, text="hello")]
    assert read(*one_by_one(b"\n220 hello\r\n")) == [Reply(code=220, text="hello")]


def test_tolerates_no_second_empty_line() -> None:
    assert "where a reply was expected" in refused(b"\r\n\r\n220 hello\r\n")
    assert "where a reply was expected" in refused(b"220 hello\r\n\r\n250 OK\r\n")


@pytest.mark.parametrize("length", [8 * 1024, 8 * 1024 - 1])
def test_takes_a_line_of_8_kib(length: int) -> None:
    octets = b"250 ".ljust(length, b"x") + b"\r\n"
    assert len(read(octets)[0].text) == length - 4
    assert read(*one_by_one(octets)) == read(octets)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_refuses_a_longer_line(end: bytes) -> None:
    """Behaviour 112."""
    octets = b"250 ".ljust(8 * 1024 + 2, b"x") + end
    assert "longer than 8 KiB" in refused(octets)
    assert outcome(one_by_one(octets)) == outcome([octets])


def test_takes_256_lines() -> None:
    assert len(read(b"250-x\r\n" * 255 + b"250 x\r\n")[0].lines) == 256


def test_refuses_more_lines() -> None:
    """Behaviour 112."""
    assert "more than 256 lines" in refused(b"250-x\r\n" * 257)


def test_refuses_more_than_64_kib() -> None:
    """Behaviour 112."""
    assert "64 KiB" in refused((b"250-".ljust(8000, b"x") + b"\r\n") * 9)


def test_counts_each_reply_by_itself() -> None:
    assert len(read((b"250-x\r\n" * 200 + b"250 x\r\n") * 5)) == 5


def test_a_hundred_thousand_lines_are_not_waited_for() -> None:
    """Behaviour 112: what is kept is bounded by what is read before the end of it."""
    lines = iter([b"250-and so on\r\n"] * 100_000)
    replies, error = outcome(lines)
    assert replies == []
    assert "more than 256 lines" in error
    assert len(list(lines)) == 100_000 - 257


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"caf\xe9", "caf\ufffd"),
        ("café".encode(), "café"),
        (b"a\0b", "a?b"),
        (b"a\x1b[2Jb", "a?[2Jb"),
        (b"a\rb", "a?b"),
        (b"a\x7fb", "a?b"),
        ("a\u0085b\u2028c\u2029d".encode(), "a?b?c?d"),
        (b"a\x0bb\x0cc", "a?b?c"),
        (b"a\tb", "a\tb"),
        (b"\xf0\x9f", "\ufffd"),
        ("a\u00a0b".encode(), "a\u00a0b"),
    ],
)
def test_text_is_fit_to_be_shown(octets: bytes, text: str) -> None:
    """Behaviours 113 and 117: nothing in it raises, ends a line, or moves a cursor."""
    assert read(b"250 " + octets + b"\r\n") == [Reply(code=250, text=text)]


@pytest.mark.parametrize(
    ("octets", "enhanced", "text"),
    [
        (b"250 2.1.0 Sender ok\r\n", "2.1.0", "Sender ok"),
        (b"550-5.7.1 No\r\n550 5.7.1 really\r\n", "5.7.1", "No\nreally"),
        (b"550-No\r\n550 5.7.1 really\r\n", "5.7.1", "No\nreally"),
        (b"250 2.0.0\r\n", "2.0.0", ""),
        (b"550 5.7.509 blocked\r\n", "5.7.509", "blocked"),
        (b"550 5.7.1  two blanks\r\n", "5.7.1", "two blanks"),
        (b"550-5.7.10 another, then 5.7.1 again\r\n550 5.7.1 x\r\n", "5.7.1", None),
    ],
)
def test_reads_the_enhanced_code(octets: bytes, enhanced: str, text: str | None) -> None:
    """Behaviour 114."""
    [reply] = read(octets)
    assert reply.enhanced == enhanced
    assert reply.text == (text if text is not None else "5.7.10 another, then 5.7.1 again\nx")


@pytest.mark.parametrize(
    "octets",
    [
        b"250 5.1.1 no",
        b"250 2.1000.0 x",
        b"250 2.1 x",
        b"354 3.0.0 go",
        b"250 2.1.0x",
        b"250-2.1.0 x\r\n250 y",
    ],
)
def test_an_enhanced_code_of_another_class_is_text(octets: bytes) -> None:
    """Behaviour 114."""
    [reply] = read(octets + b"\r\n")
    assert reply.enhanced is None
    assert reply.text == octets.replace(b"250-", b"").replace(b"\r\n250 ", b"\n").decode().removeprefix(
        f"{reply.code} "
    )


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        (250, (True, False, False, False)),
        (354, (False, True, False, False)),
        (421, (False, False, True, False)),
        (550, (False, False, False, True)),
    ],
)
def test_is_of_one_kind(code: int, kinds: tuple[bool, ...]) -> None:
    reply = Reply(code=code)
    assert (reply.positive, reply.intermediate, reply.transient, reply.permanent) == kinds


def test_shows_code_enhanced_code_and_text() -> None:
    assert str(Reply(code=550, enhanced="5.1.1", text="no\nsuch user")) == "550 5.1.1 no / such user"
    assert str(Reply(code=250)) == "250"


def test_tells_what_is_pending() -> None:
    """Behaviour 115."""
    reader = ReplyReader()
    reader.feed(b"250-one\r\n25")
    assert reader.next_reply() is None
    assert not reader.empty
    assert reader.pending == b"one\n25"


def test_takes_secrets_out_of_replies_and_errors() -> None:
    redactor = Redactor()
    redactor.hide("open sesame")
    reader = ReplyReader(redactor)
    reader.feed(b"535 your password is open sesame\r\nopen sesame?\r\n")
    reply = reader.next_reply()
    assert reply is not None
    assert reply.text == "your password is <redacted>"
    with pytest.raises(RemoteProtocolError) as caught:
        reader.next_reply()
    assert "sesame" not in str(caught.value)


lines = text_of(
    [b"250", b"250-", b"250 ", b"550 ", b"\r\n", b"\n", b"\r", b"2.1.0 ", b"x", b"\xe9", b"\0", b"-", b" "]
)


@given(st.binary() | lines, places)
def test_any_octets_in_any_chunking_give_the_same(octets: bytes, where: list[int]) -> None:
    """Total: replies and RemoteProtocolError, nothing else; the pieces do not matter."""
    whole = outcome([octets])
    assert outcome(cut(octets, where)) == whole
    assert outcome(one_by_one(octets)) == whole


shown = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=30)


@given(st.integers(200, 599), st.lists(shown, min_size=1, max_size=5), st.none() | st.just("1.2"))
def test_what_the_server_role_writes_the_client_role_reads(
    code: int, texts: list[str], detail: str | None
) -> None:
    enhanced = f"{str(code)[0]}.{detail}" if detail and code // 100 != 3 else None
    if enhanced is None:
        texts = [f"text {text}" for text in texts]
    else:
        texts = [f"{text}.".lstrip(" ") for text in texts]
    [reply] = read(format_reply(code, texts, enhanced))
    assert (reply.code, reply.enhanced, list(reply.lines)) == (code, enhanced, texts)


def test_a_reply_may_have_no_text() -> None:
    assert format_reply(250, []) == b"250 \r\n"
    assert format_reply(250, [], "2.0.0") == b"250 2.0.0\r\n"
