from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import InvalidAddress
from envoi.message.address import Address, Group
from envoi.message.mailboxes import parse_address, parse_list
from tests.message import strategies as some


def at(local: str, name: str = "") -> Address:
    return Address(local=local, domain="example.org", name=name)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("a@example.org", at("a")),
        (" a.b+c@example.org ", at("a.b+c")),
        ("<a@example.org>", at("a")),
        ("Zoë <a@example.org>", at("a", "Zoë")),
        ("John Q. Public <a@example.org>", at("a", "John Q. Public")),
        ('"Doe, John" <a@example.org>', at("a", "Doe, John")),
        (r'"a \"b\" \\c" <a@example.org>', at("a", r'a "b" \c')),
        ('Dr "J." Who<a@example.org>', at("a", "Dr J. Who")),
        ('"a b"@example.org', at("a b")),
        ('"a"@example.org', at("a")),
        (r'"a\@b"@example.org', at("a@b")),
        ('"a@b" <"c@d"@example.org>', at("c@d", "a@b")),
        ("O'Neill <o'neill@example.org>", at("o'neill", "O'Neill")),
    ],
)
def test_reads_one_mailbox(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("a", "no @"),
        ("a@example.org (Zoë)", "comment"),
        ("(x)a@example.org", "comment"),
        ("a@example.org, b@example.org", "not of the form"),
        ("a@b@example.org", "more than one @"),
        ("a@example.org <b@example.net>", "more than one @"),
        ("a@example.org>b@example.net", "more than one @"),
        ("<@relay:a@example.org>", "source route"),
        ("Doe, John <a@example.org>", "comma"),
        ('"Doe <a@example.org>', "never closed"),
        ("mailto:a@example.org", "colon"),
        ("a b@example.org", "not of the form"),
        ("a @example.org", "not of the form"),
        ("a@ example.org", "not of the form"),
        ("<a@example.org", "not of the form"),
        ("a..b@example.org", "misplaced dot"),
        (".a@example.org", "misplaced dot"),
        ("a.@example.org", "misplaced dot"),
        ("Zoë <a.@example.org>", "misplaced dot"),
        ("a@example.org\nBcc: b@example.org", "newline"),
        ("a\x00@example.org", "NUL"),
        (r"a\@b@example.org", "more than one @"),
        ("team: a@example.org;", "colon or semicolon"),
    ],
)
def test_refuses_what_readers_understand_differently_and_says_why(text, reason):
    with pytest.raises(InvalidAddress, match=reason) as caught:
        parse_address(text)
    assert str(caught.value).isprintable()


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text):
    try:
        address = parse_address(text)
    except InvalidAddress:
        return
    assert parse_address(str(address)) == address


@given(st.lists(some.addresses | some.groups, min_size=1, max_size=4))
def test_lists_of_addresses_and_groups_are_read_back(values):
    assert parse_list(", ".join(map(str, values))) == tuple(values)
    assert parse_list(values) == tuple(values)


def test_a_list_is_text_a_value_or_any_iterable_of_both():
    assert parse_list("a@example.org") == (at("a"),)
    assert parse_list(at("a")) == (at("a"),)
    assert parse_list(["a@example.org, b@example.org", at("c")]) == (at("a"), at("b"), at("c"))
    assert parse_list(()) == ()


def test_reads_groups():
    assert parse_list("undisclosed-recipients:;") == (Group(name="undisclosed-recipients"),)
    assert parse_list(' "A, B" : a@example.org , Zoë <b@example.org> ; , c@example.org') == (
        Group(name="A, B", members=(at("a"), at("b", "Zoë"))),
        at("c"),
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a@example.org,", "is empty"),
        ("a@example.org,,b@example.org", "is empty"),
        ("a@example.org b@example.org", "more than one @"),
        ("team: a@example.org", "not of the form|colon"),
        ("team: a@example.org b@example.org;", "more than one @"),
        ("team: a@example.org,;", "no @"),
        ("team: inner: a@example.org;;", "colon"),
        ("team: a@example.org; b@example.org", "more than one @"),
        (": a@example.org;", "needs a name"),
        ("Doe, John <a@example.org>", "comma"),
        ("a@example.org\r", "carriage return"),
    ],
)
def test_refuses_broken_lists(text, reason):
    with pytest.raises(InvalidAddress, match=reason):
        parse_list(text)


def test_a_hostile_text_takes_no_more_time_than_its_length():
    with pytest.raises(InvalidAddress):
        parse_list('"' + "\\" * 50_001 + "<@" * 20_000)
    with pytest.raises(InvalidAddress):
        parse_list("a " * 50_000)
