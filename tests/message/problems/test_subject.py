from __future__ import annotations

from tests.message.problems.letters import kinds, letter


def test_wants_a_subject():
    assert kinds(letter(drop="Subject")) == [("subject", "warning")]
    assert kinds(letter(Subject="")) == [("subject", "warning")]


def test_finds_one_that_is_too_long_for_a_list_of_mails():
    assert kinds(letter(Subject="\n ".join(["word"] * 30))) == [("subject", "hint")]


def test_finds_shouting_but_no_abbreviations():
    assert kinds(letter(Subject="BUY THIS TODAY")) == [("subject", "hint")]
    assert kinds(letter(Subject="=?utf-8?q?ACHETEZ_CET_=C3=89T=C3=89?=")) == [("subject", "hint")]
    assert kinds(letter(Subject="RFC 5322")) == []
    assert kinds(letter(Subject="報告 の 件 です")) == [("raw-header", "warning")]


def test_finds_answers_to_nothing():
    assert kinds(letter(Subject="Re: The report")) == [("subject", "hint")]
    assert kinds(letter(Subject="Re: The report", In_Reply_To="<0@example.org>")) == []
    assert kinds(letter(Subject="RE: The report", References="<0@example.org>")) == []
    assert kinds(letter(Subject="Report: the end")) == []
