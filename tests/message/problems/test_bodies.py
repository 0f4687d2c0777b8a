from __future__ import annotations

from tests.message.problems.letters import attached, kinds, letter, multipart

PLAIN = "Content-Type: text/plain\n\nHello\n"
RICH = "Content-Type: text/html\n\n<p>Hello, this is a letter with enough words in it.</p>\n"


def test_wants_plain_text_beside_html():
    assert kinds(letter("<p>Hello</p>\n", Content_Type="text/html")) == [("no-plain-text", "warning")]
    assert kinds(multipart("alternative", PLAIN, RICH)) == []
    assert kinds(multipart("alternative", "Content-Type: text/plain\n\n \n", RICH)) == [
        ("no-plain-text", "warning")
    ]


def test_wants_the_best_alternative_last():
    assert kinds(multipart("alternative", RICH, PLAIN)) == [("alternatives", "warning")]


def test_finds_mails_that_say_nothing():
    assert kinds(letter("")) == [("empty", "warning")]
    assert kinds(letter(" \n")) == [("empty", "warning")]
    assert kinds(multipart("mixed", attached("a.bin"))) == []


def test_finds_files_without_content():
    empty = attached("a.bin").replace("AAAA\n", "")
    part = empty.rstrip("\n") + "\n"
    assert kinds(multipart("mixed", PLAIN, part)) == [("empty", "hint")]


def test_leaves_reports_alone():
    assert kinds(multipart("report", "Content-Type: message/delivery-status\n\nStatus: 5.1.1\n")) == []
