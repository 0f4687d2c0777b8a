from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.message.reports.structure import header_of, read_parts

HEADER = "Content-Type: multipart/x; boundary=b\n\n"
LINE_ENDS = pytest.mark.parametrize("line_end", ["\n", "\r\n"])


def cut(text: str, line_end: str = "\n") -> list[tuple[str, str]]:
    root = read_parts(text.replace("\n", line_end).encode())
    return [(part.kind, part.text) for part in root.walk()]


@LINE_ENDS
def test_cuts_at_boundaries(line_end: str) -> None:
    text = f"{HEADER}.\n--b\nContent-Type: a/b\n\none\n--b\n\n--b\n\ntwo\n--b--\n."
    assert cut(text, line_end) == [
        ("multipart/x", ""),
        ("a/b", "one"),
        ("text/plain", ""),
        ("text/plain", "two"),
    ]


@LINE_ENDS
def test_the_header_ends_at_a_blank_line(line_end: str) -> None:
    message = "A: 1\nB: 2\n\nbody\n\nmore".replace("\n", line_end).encode()
    assert header_of(message) == f"A: 1{line_end}B: 2".encode()
    assert header_of(b"A: 1") == b"A: 1"


@LINE_ENDS
def test_a_message_without_boundaries_is_one_part(line_end: str) -> None:
    assert cut("Subject: x\n\none\n\ntwo", line_end) == [("text/plain", "one\n\ntwo")]


def test_a_message_of_fields_alone_has_no_body() -> None:
    assert cut("Subject: x\nTo: y") == [("text/plain", "")]


def test_a_body_may_come_without_fields() -> None:
    assert cut("\nbody") == [("text/plain", "body")]


def test_what_is_cut_off_is_kept() -> None:
    assert cut(f"{HEADER}--b\n\none")[1:] == [("text/plain", "one")]
    assert cut(f"{HEADER}--b")[1:] == [("text/plain", "")]


def test_without_its_boundary_it_is_text() -> None:
    assert cut("Content-Type: multipart/x; boundary=b\n\n--c\nx") == [("multipart/x", "--c\nx")]
    assert cut("Content-Type: multipart/x\n\nx") == [("multipart/x", "x")]


def test_boundaries_may_be_quoted_with_escapes_and_spaces_after() -> None:
    text = 'Content-Type: multipart/x; charset=x; boundary="a \\"b"\n\n--a "b \t\n\none\n--a "b--'
    assert cut(text)[1:] == [("text/plain", "one")]


def test_a_type_that_is_none_is_text() -> None:
    assert cut("Content-Type: rubbish\n\nx") == [("text/plain", "x")]


@pytest.mark.parametrize(
    ("transfer", "body"),
    [
        ("quoted-printable", "=C3=A9t=C3=\n=A9"),
        ("BASE64", "w6l0\nw6k="),
        ("base64 (sic)", "w6l0w6k"),
        ("8bit", "été"),
    ],
)
def test_decodes_bodies(transfer: str, body: str) -> None:
    assert cut(f"Content-Transfer-Encoding: {transfer}\n\n{body}") == [("text/plain", "été")]


def test_attached_messages_stay_closed() -> None:
    text = "Content-Type: message/rfc822\n\nContent-Type: multipart/x; boundary=b\n\n--b\n\nx\n--b--"
    assert len(cut(text)) == 1


def test_there_is_an_end_to_depth() -> None:
    text = "".join(f"Content-Type: multipart/x; boundary=b{n}\n\n--b{n}\n" for n in range(50))
    assert len(cut(text)) == 6


def test_there_is_an_end_to_parts() -> None:
    assert len(cut(HEADER + "--b\n\nx\n" * 500)) == 101


def test_finds_the_first_part_of_a_type() -> None:
    root = read_parts(
        b"Content-Type: multipart/x; boundary=b\n\n--b\nContent-Type: A/B\n\n1\n--b\nContent-Type: a/b\n\n2"
    )
    found = root.find("c/d", "a/b")
    assert found is not None
    assert found.text == "1"
    assert root.find("c/d") is None


@given(st.binary(max_size=300))
def test_any_octets_have_parts(raw: bytes) -> None:
    for part in read_parts(b"Content-Type: multipart/x; boundary=b\n\n--b\n" + raw).walk():
        part.text.encode()
