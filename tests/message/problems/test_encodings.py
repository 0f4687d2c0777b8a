from __future__ import annotations

import pytest

from tests.message.problems.letters import attached, kinds, letter, multipart

UTF8 = "text/plain; charset=utf-8"


def test_finds_octets_that_are_not_announced():
    assert kinds(letter("été\n", Content_Type=UTF8)) == [("8bit", "fault")]
    assert kinds(letter("été\n", Content_Type=UTF8, Content_Transfer_Encoding="8bit")) == [("8bit", "hint")]
    assert kinds(letter("x\n", Content_Type=UTF8, Content_Transfer_Encoding="binary")) == [
        ("8bit", "warning")
    ]


def test_finds_encodings_that_nobody_knows():
    assert kinds(letter("x\n", Content_Transfer_Encoding="x-uuencode")) == [("transfer-encoding", "fault")]
    assert kinds(letter("x\n", Content_Transfer_Encoding="7BIT (all of it)")) == []


def test_finds_containers_that_are_encoded():
    part = "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nAAAA\n"
    assert kinds(multipart("mixed", "\nHello\n", part)) == [("transfer-encoding", "fault")]


@pytest.mark.parametrize(("encoding", "body"), [("base64", "!!!!\n"), ("quoted-printable", "100=%\n")])
def test_finds_bodies_that_are_not_in_their_encoding(encoding, body):
    raw = letter(body, Content_Type="text/plain; charset=latin-1", Content_Transfer_Encoding=encoding)
    assert ("transfer-encoding", "warning") in kinds(raw)


def test_finds_files_that_are_not_in_their_encoding():
    part = attached("a.bin").replace("AAAA", "AA*A")
    assert kinds(multipart("mixed", "\nHello\n", part)) == [("transfer-encoding", "warning")]


def test_finds_charsets_that_are_missing_unknown_or_wrong():
    encoded = {"Content_Transfer_Encoding": "quoted-printable"}
    assert kinds(letter("=C3=A9t=C3=A9\n", Content_Type="text/plain", **encoded)) == [("charset", "warning")]
    assert kinds(letter("=E9\n", Content_Type=UTF8, **encoded)) == [("charset", "warning")]
    assert kinds(letter("=C3=A9\n", Content_Type=UTF8, **encoded)) == []
    assert kinds(letter("x\n", Content_Type="text/plain; charset=klingon", **encoded)) == [
        ("charset", "warning")
    ]
    assert kinds(letter("x\n", Content_Type="text/plain; charset=rot13", **encoded)) == [
        ("charset", "warning")
    ]


def test_reads_texts_that_are_too_long_to_be_kept_whole():
    raw = letter("=C3=A9 " * 100_000, Content_Type=UTF8, Content_Transfer_Encoding="quoted-printable")
    assert kinds(raw) == [("long-line", "fault")]


def test_finds_text_that_seems_to_hide():
    raw = letter("SGVsbG8K\n", Content_Type=UTF8, Content_Transfer_Encoding="base64")
    assert kinds(raw) == [("transfer-encoding", "hint")]
    japanese = "text/plain; charset=iso-2022-jp"
    assert (
        kinds(letter("GyRCRnxLXBsoQgo=\n", Content_Type=japanese, Content_Transfer_Encoding="base64")) == []
    )
