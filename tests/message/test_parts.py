from __future__ import annotations

from envoi.message.content import WireEncoding
from envoi.message.parts import EncodedStream, Leaf, MessageStream, Multipart, flatten
from envoi.message.raw import RawContent
from envoi.message.source import BytesSource


def test_parts_without_streams_are_one_piece():
    leaf = Leaf("A: 1\r\n", b"body\r\n")
    assert flatten("H: 1\r\n", leaf, "t").pieces == (b"H: 1\r\nA: 1\r\n\r\nbody\r\n",)
    plan = flatten("", Multipart("mixed", (leaf, leaf)), "t")
    assert len(plan.pieces) == 1
    assert b"".join(plan.chunks()).endswith(b"\r\n--=_1_t--\r\n")


def test_streams_stand_between_pieces():
    stream = EncodedStream(BytesSource(b"x"), binary=False)
    plan = flatten("", Multipart("mixed", (Leaf("", stream), Leaf("", b"x"))), "t")
    assert [type(piece) for piece in plan.pieces] == [bytes, EncodedStream, bytes]
    assert plan.size == len(b"".join(plan.chunks()))


def test_a_boundary_that_occurs_is_changed():
    plan = flatten("", Multipart("mixed", (Leaf("", b"--=_1_t and tx1", verbatim=True),)), "t")
    assert b'boundary="=_1_tx2"' in b"".join(plan.chunks())


def test_a_body_without_line_end_gets_one():
    assert flatten("", Leaf("", b"eA=="), "t").pieces == (b"\r\neA==\r\n",)
    message = MessageStream(RawContent.of(b"x"), WireEncoding())
    assert b"".join(flatten("", Leaf("", message), "t").chunks()) == b"\r\nx\r\n"
