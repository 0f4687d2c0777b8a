from __future__ import annotations

import pytest

from tests.message.problems.letters import kinds, letter, multipart

URL = "<https://example.org/leave/1>"
POST = "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    "field", [{"Precedence": "bulk"}, {"Precedence": "List"}, {"List_Id": "<news.example.org>"}]
)
def test_wants_a_way_out_of_mailings(field):
    assert kinds(letter(**field)) == [("unsubscribe", "warning")]
    assert kinds(letter(**field, List_Unsubscribe=URL, List_Unsubscribe_Post=POST)) == []
    assert kinds(letter(**field, List_Unsubscribe="<mailto:leave@example.org>")) == []


def test_knows_a_mailing_by_its_recipients():
    assert kinds(letter(), recipients=51) == [("unsubscribe", "warning")]
    assert kinds(letter(), recipients=50) == []


def test_takes_automatic_answers_and_reports_for_no_mailing():
    assert kinds(letter(Precedence="bulk", Auto_Submitted="auto-replied")) == []
    report = "Content-Type: text/plain\n\nx\n"
    assert kinds(multipart("report", report, Precedence="bulk")) == []


def test_wants_one_click_where_there_is_an_address_for_it():
    assert kinds(letter(Precedence="bulk", List_Unsubscribe=URL)) == [("one-click", "warning")]
    assert (
        kinds(letter(List_Id="<x.example>", List_Unsubscribe=URL, List_Post="<mailto:x@example.org>")) == []
    )
    assert kinds(letter(List_Unsubscribe=URL)) == []


def test_finds_addresses_that_no_program_can_use():
    assert kinds(letter(List_Unsubscribe="https://example.org/leave")) == [("unsubscribe", "fault")]
    assert kinds(letter(List_Unsubscribe="<http://example.org/leave>")) == [("unsubscribe", "warning")]


def test_finds_promises_of_one_click_that_cannot_be_kept():
    post = {"List_Unsubscribe_Post": POST}
    assert kinds(letter(**post)) == [("one-click", "fault")]
    assert kinds(letter(**post, List_Unsubscribe="<mailto:leave@example.org>")) == [("one-click", "fault")]
    assert kinds(letter(List_Unsubscribe=URL, List_Unsubscribe_Post="yes")) == [("one-click", "fault")]


@pytest.mark.parametrize(
    ("signed", "wrong"),
    [
        ("v=1; h=from:subject; b=x", True),
        ("v=1; h=from : List-Unsubscribe:List-Unsubscribe-Post; b=x", False),
        ("v=1; bh=list-unsubscribe:list-unsubscribe-post; b=x", True),
        ("h=list-unsubscribe:\n list-unsubscribe-post; b=x", False),
    ],
)
def test_wants_the_promise_signed(signed, wrong):
    raw = letter(List_Unsubscribe=URL, List_Unsubscribe_Post=POST, DKIM_Signature=signed)
    assert kinds(raw) == [("one-click", "warning")] * wrong
