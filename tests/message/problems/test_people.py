from __future__ import annotations

import pytest

from envoi.message.problems.people import addresses_of
from envoi.message.problems.scanner import scan
from tests.message.problems.letters import kinds, letter, words


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        ("ann", "fault"),
        ("ann@example.org, ", "fault"),
        ("bob@example.com <ann@example.org>", "fault"),
        ("ann@example.org (Ann)", "warning"),
        ("Us: ann@example.org;", "warning"),
    ],
)
def test_finds_authors_that_cannot_be_read(value, severity):
    assert kinds(letter(From=value)) == [("address", severity)]


def test_finds_recipients_that_cannot_be_read():
    assert kinds(letter(To="bob@@example.com")) == [("address", "warning")]


def test_reads_folded_fields_groups_and_encoded_names():
    folded = "=?utf-8?q?Zo=C3=AB?=\n\t<zoe@example.com>,\n bob@example.com, Us: carl@example.net;, None: ;"
    assert kinds(letter(To=folded)) == []
    assert [one.spec for one in addresses_of(scan([letter(To=folded)]).root, "To")] == [
        "zoe@example.com",
        "bob@example.com",
        "carl@example.net",
    ]


def test_wants_to_know_which_of_two_authors_sends():
    assert kinds(letter(From="ann@example.org, bob@example.org")) == [("sender", "fault")]
    assert kinds(letter(From="ann@example.org, bob@example.org", Sender="ann@example.org")) == []


def test_finds_a_sender_of_another_domain():
    assert kinds(letter(Sender="robot@mailer.example")) == [("sender", "hint")]
    assert kinds(letter(Sender="robot@mail.example.org")) == []


def test_finds_names_that_are_somebody_elses_address():
    assert kinds(letter(From='"help@bank.example" <ann@example.org>')) == [("spoofed-name", "warning")]
    assert kinds(letter(From="=?utf-8?q?help=40bank.example?= <ann@example.org>")) == [
        ("spoofed-name", "warning")
    ]
    assert kinds(letter(From='"ann@example.org" <ann@example.org>')) == []
    assert kinds(letter(From='"ann@example.org" <bounce@news.example.org>')) == []


@pytest.mark.parametrize("domain", ["localhost", "server.local", "mail.lan"])
def test_finds_domains_that_nobody_else_knows(domain):
    assert kinds(letter(From=f"ann@{domain}")) == [("address", "warning")]


def test_takes_an_address_literal_as_it_is():
    assert kinds(letter(From="ann@[192.0.2.1]")) == []


def test_finds_answers_that_go_elsewhere():
    assert kinds(letter(Reply_To="ann@example.net")) == [("reply-to", "hint")]
    assert kinds(letter(Reply_To="ann@gmail.com")) == [("reply-to", "warning")]
    assert kinds(letter(Reply_To="ann@yahoo.co.uk")) == [("reply-to", "warning")]
    assert kinds(letter(From="ann@gmail.com", Reply_To="ann@yahoo.com")) == [("reply-to", "hint")]
    assert kinds(letter(Reply_To="ann@office.example.org")) == []


def test_lets_a_list_take_the_answers():
    raw = letter(
        Reply_To="all@lists.example",
        List_Id="<all.lists.example>",
        List_Unsubscribe="<mailto:a@lists.example>",
    )
    assert kinds(raw) == []


def test_says_nothing_of_answers_to_nobody():
    assert kinds(letter(From="nobody", Reply_To="ann@gmail.com")) == [("address", "fault")]


def test_finds_crowds_that_see_each_other():
    many = ",\n ".join(f"a{number}@example.com" for number in range(60))
    assert ("many-recipients", "warning") in kinds(letter(To=many))


def test_finds_hidden_recipients_in_the_header():
    assert kinds(letter(Bcc="carl@example.org")) == [("bcc", "hint")]
    assert "envoi leaves the field out" in words(letter(Bcc="carl@example.org"))
