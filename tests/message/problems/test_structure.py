from __future__ import annotations

import pytest

from tests.message.problems.letters import kinds, letter, multipart, words

TEXT = "Content-Type: text/plain\n\nHello\n"


def test_takes_a_file_with_newlines_as_it_is():
    assert kinds(letter().replace(b"\r\n", b"\n")) == []


def test_finds_mixed_and_bare_line_ends():
    assert kinds(letter() + b"one\nmore\n") == [("line-ends", "warning")]
    assert kinds(letter(b"a\rb\n")) == [("line-ends", "fault")]
    assert kinds(letter(b"a\r\n")) == [("line-ends", "fault")]


def test_finds_nul():
    assert kinds(letter(b"a\0b\n")) == [("nul", "fault")]


@pytest.mark.parametrize(
    ("mebibytes", "found"), [(10, []), (11, [("size", "warning")]), (26, [("size", "fault")])]
)
def test_knows_how_much_servers_take(mebibytes, found):
    assert kinds(letter(), size=mebibytes << 20) == found


def test_counts_the_octets_itself():
    line = b"x" * 70 + b"\n"
    assert kinds(letter(line * 160_000)) == [("size", "warning")]


def test_finds_multiparts_whose_parts_cannot_be_told_apart():
    assert kinds(letter("x\n", Content_Type="multipart/mixed")) == [("boundary", "fault")]
    assert kinds(letter("x\n", Content_Type="multipart/mixed; boundary=b")) == [("boundary", "fault")]
    inner = f'Content-Type: multipart/alternative; boundary="b"\n\n--b\n{TEXT}'
    assert ("boundary", "fault") in kinds(multipart("mixed", inner))


def test_finds_messages_that_break_off():
    assert kinds(multipart("mixed", TEXT, end="")) == [("boundary", "warning")]


@pytest.mark.parametrize("boundary", ["b" * 71, "é"])
def test_finds_boundaries_that_are_not_allowed(boundary):
    body = f"--{boundary}\n{TEXT}\n--{boundary}--\n"
    assert ("boundary", "warning") in kinds(
        letter(body, Content_Type=f'multipart/mixed; boundary="{boundary}"')
    ) or (boundary == "é")


def test_finds_parts_nested_too_deep():
    body = TEXT
    for number in range(9):
        body = f"Content-Type: multipart/mixed; boundary=b{number}\n\n--b{number}\n{body}\n--b{number}--\n"
    kind, _, rest = body.partition("\n\n")
    assert kinds(letter(rest, Content_Type=kind.removeprefix("Content-Type: "))) == [("nesting", "warning")]


def test_finds_text_that_nobody_sees():
    assert kinds(multipart("mixed", TEXT, end="--b--\nThe footer of a list\n")) == [("unseen-text", "hint")]
    assert kinds(multipart("mixed", TEXT, end="--b--\n\n \n")) == []


def test_finds_lines_that_are_refused():
    assert kinds(letter("x" * 999)) == [("long-line", "fault")]
    assert "quoted-printable" in words(letter("x" * 999))


def test_finds_lines_that_do_not_wrap():
    assert kinds(letter("word " * 20 + "\n")) == [("long-line", "hint")]
    assert kinds(letter("https://example.org/" + "x" * 100)) == []
    assert kinds(letter("word " * 20, Content_Type="text/plain; format=flowed")) == []
    assert kinds(letter("word " * 20, Content_Transfer_Encoding="quoted-printable")) == []
