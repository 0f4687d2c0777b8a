from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.message.signing.canonical import MessageReader, RelaxedBody, relaxed_fields
from tests.message.signing.material import in_pieces, on_the_wire

FRAGMENTS = [
    b" ",
    b"  ",
    b"\t",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b".",
    b"..",
    b"a",
    b"bc",
    b"\xc3\xa9",
    b"\0",
]
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=40).map(b"".join)
borders = st.lists(st.integers(0, 200), max_size=12)


def read(*pieces: bytes) -> tuple[bytes, bytes]:
    reader = MessageReader()
    for piece in pieces:
        reader.feed(piece)
    return reader.finish()


def by_the_book(body: bytes) -> bytes:
    """RFC 6376 §3.4.4, word for word."""
    body = re.sub(rb"[ \t]+", b" ", body)
    body = body.replace(b" \r\n", b"\r\n")
    body = re.sub(rb"(?:\r\n)*\Z", b"", body)
    return body + b"\r\n" if body else b""


def test_makes_fields_what_the_standard_shows() -> None:  # RFC 6376 §3.4.5
    names, fields = relaxed_fields(b"A: X\r\nB : Y\t\r\n\tZ  \r\n")
    assert names == (b"a", b"b")
    assert fields == [b"a:X\r\n", b"b:Y Z\r\n"]


def test_hashes_the_body_that_the_standard_shows() -> None:  # RFC 6376 §3.4.5
    _, found = read(b"A: X\r\n\r\n C \r\nD \t E\r\n\r\n\r\n")
    assert found == sha256(b" C\r\nD E\r\n").digest()


@pytest.mark.parametrize("body", [b"", b"\r\n", b"\r\n\r\n\r\n", b" \t\r\n \r\n", b"\n", b"\r", b" "])
def test_takes_blank_bodies_for_empty(body: bytes) -> None:
    _, found = read(b"A: b\r\n\r\n" + body)
    assert b64encode(found) == b"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@pytest.mark.parametrize(
    ("message", "header"),
    [
        (b"A: b\r\n\r\nbody\r\n", b"A: b"),
        (b"A: b\n\nbody\n", b"A: b"),
        (b"A: b\r\rbody", b"A: b"),
        (b"A: b\r\n\nbody", b"A: b"),
        (b"A: b\rC: d\n\nbody", b"A: b\r\nC: d"),
        (b"\r\nbody", b""),
        (b"A: b\r\n", b"A: b"),
        (b"A: b\r", b"A: b"),
        (b"A: b", b"A: b"),
        (b"", b""),
    ],
)
def test_ends_the_header_where_a_server_will(message: bytes, header: bytes) -> None:
    octets = [message[at : at + 1] for at in range(len(message))]
    assert read(message)[0] == read(*octets)[0] == header


def test_leaves_out_lines_that_are_no_fields() -> None:
    assert relaxed_fields(b"A: b\r\nno field\r\nC: d")[0] == (b"a", b"c")


@given(texts, borders)
def test_hashes_what_is_on_the_wire_whatever_the_pieces(body: bytes, places: list[int]) -> None:
    message = in_pieces(b"A: b\r\n\r\n" + body, places)
    sent = on_the_wire(message).partition(b"\r\n\r\n")[2]
    assert read(*message.pieces) == (b"A: b", sha256(by_the_book(sent)).digest())


def test_counts_empty_lines_instead_of_keeping_them() -> None:
    body = RelaxedBody()
    for _ in range(50):
        body.feed(b"\r\n" * 1000)
    body.feed(b"end")
    assert body.digest() == sha256(b"\r\n" * 50_000 + b"end\r\n").digest()
