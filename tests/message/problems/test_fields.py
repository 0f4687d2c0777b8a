from __future__ import annotations

import pytest

from tests.message.problems.letters import kinds, letter, multipart, problems, words


def test_says_nothing_of_a_good_letter():
    assert problems(letter()) == []


@pytest.mark.parametrize(
    ("name", "severity"), [("From", "fault"), ("Date", "warning"), ("Message-ID", "warning"), ("To", "hint")]
)
def test_misses_fields(name, severity):
    (found,) = problems(letter(drop=name))
    assert (found.kind.value, found.severity.value, found.where) == ("missing-field", severity, name)


def test_misses_the_version_of_mime_only_where_mime_is_used():
    assert kinds(letter(drop="MIME-Version")) == []
    assert kinds(letter(drop="MIME-Version", Content_Type="text/plain")) == [("missing-field", "warning")]


@pytest.mark.parametrize("name", ["From", "Subject", "Date", "Message-ID", "To"])
def test_finds_fields_that_stand_twice(name):
    raw = letter().replace(b"\r\n\r\n", f"\r\n{name.upper()}: x@example.org\r\n\r\n".encode(), 1)
    assert ("duplicate-field", "fault") in kinds(raw)
    assert "it stands there 2 times" in words(raw)


def test_finds_fields_that_stand_twice_in_a_part():
    part = "Content-Type: text/plain\nContent-Type: text/plain\n\nx\n"
    (found,) = problems(multipart("mixed", part))
    assert (found.kind.value, found.where) == ("duplicate-field", "Content-Type of part 1, text/plain")


def test_lets_received_stand_as_often_as_there_were_servers():
    assert kinds(b"Received: x\r\nReceived: y\r\n" + letter()) == []


def test_finds_the_line_of_an_mbox_file():
    assert kinds(b"From ann@example.org Sun Nov 22\r\n" + letter()) == [("broken-header", "fault")]


def test_finds_a_body_without_an_empty_line():
    raw = letter().replace(b"\r\n\r\n", b"\r\n")
    assert kinds(raw) == [("broken-header", "fault")]
    assert "“Hello”" in words(raw)


def test_finds_lines_of_spaces_and_spaces_before_the_colon():
    assert kinds(letter(Subject="The\n \n report")) == [("broken-header", "warning")]
    assert kinds(letter().replace(b"Subject:", b"Subject :")) == [("broken-header", "warning")]


def test_finds_a_header_that_servers_cut_off():
    raw = letter(X_List="\n ".join(["x" * 70] * 1500))
    assert kinds(raw) == [("large-header", "warning")]


def test_tells_lines_that_could_be_folded_from_those_that_are_refused():
    assert kinds(letter(Subject="word " * 17)) == [("long-line", "hint")]
    assert kinds(letter(X_Token="x" * 200)) == []
    assert kinds(letter(X_Token="x" * 1000)) == [("long-line", "fault")]
    assert kinds(letter(Received="from x by y " * 10)) == []


def test_tells_utf8_from_other_octets_in_the_header():
    assert kinds(letter(Subject="été")) == [("raw-header", "warning")]
    assert kinds(letter(Subject="\udce9t\udce9")) == [("raw-header", "fault")]


def test_recommends_for_file_names_what_file_names_need():
    part = 'Content-Type: application/pdf; name="été.pdf"\nContent-Transfer-Encoding: base64\n\nAAAA\n'
    assert "RFC 2231" in words(multipart("mixed", part))


def test_finds_encoded_words_that_are_too_long_quoted_or_unknown():
    assert (
        kinds(letter(Subject=f"=?utf-8?q?{'x' * 70}?="))
        == [("encoded-word", "warning"), ("long-line", "hint")][:1]
    )
    assert kinds(letter(From='"=?utf-8?q?Zo=C3=AB?=" <ann@example.org>')) == [("encoded-word", "warning")]
    assert kinds(letter(Subject="=?klingon?q?x?=")) == [("encoded-word", "warning")]
    assert kinds(letter(Subject="=?utf-8*de?q?x?= =?UTF-8?B?eA==?=")) == []
