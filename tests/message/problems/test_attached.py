from __future__ import annotations

import pytest

from tests.message.problems.letters import attached, kinds, multipart, words

TEXT = "Content-Type: text/plain\n\nHello\n"


@pytest.mark.parametrize("name", ["setup.exe", "invoice.pdf.JS", "a.ps1 ", "=?utf-8?b?YS5leGU=?="])
def test_finds_files_that_are_refused(name):
    assert kinds(multipart("mixed", TEXT, attached(name))) == [("attachment", "warning")]


@pytest.mark.parametrize("name", ["report.pdf", "com", "notes.txt", "archive.zip", "été"])
def test_lets_other_files_pass(name):
    encoded = name.encode().decode("ascii", "ignore")
    assert kinds(multipart("mixed", TEXT, attached(encoded))) == []


def test_finds_names_with_folders():
    assert kinds(multipart("mixed", TEXT, attached("../../a.pdf"))) == [("attachment", "warning")]


def test_wants_files_to_have_names():
    nameless = "Content-Type: application/pdf\nContent-Disposition: attachment\n\nx\n"
    assert kinds(multipart("mixed", TEXT, nameless)) == [("attachment", "hint")]
    letter = "Content-Type: message/rfc822\nContent-Disposition: attachment\n\nFrom: a@example.org\n\nx\n"
    assert kinds(multipart("mixed", TEXT, letter)) == []


def test_finds_what_only_outlook_opens():
    raw = multipart("mixed", TEXT, attached("winmail.dat", kind="application/ms-tnef"))
    assert kinds(raw) == [("attachment", "warning")]
    assert "Outlook" in words(raw)


def test_finds_identifiers_that_stand_twice():
    raw = multipart("mixed", TEXT, *[attached("a.png", "Content-ID: <a@b>", kind="image/png")] * 2)
    assert kinds(raw) == [("content-id", "warning")]
