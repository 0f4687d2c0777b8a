from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import InvalidHeader
from envoi.message.address import Address, Group
from envoi.message.headers import addresses, check_name, check_text, tokens, unstructured
from envoi.message.mailboxes import parse_list
from tests.message import strategies as some


def unfolded(field: str) -> str:
    return field.replace("\r\n", "")


@given(some.line)
def test_lines_are_short_where_the_words_are(value):
    for line in unstructured("Subject", value).split("\r\n"):
        assert len(line) <= 998
        assert len(line) <= 76 or max(map(len, line.split(" "))) >= 68


@given(st.lists(some.addresses | some.groups, min_size=1, max_size=5))
def test_no_fold_stands_inside_an_address(values):
    field = addresses("To", values)
    for value in values:
        for address in value.members if isinstance(value, Group) else (value,):
            assert (f"<{address.spec}>" if address.name else address.spec) in field
    for line in field.split("\r\n")[1:-1]:
        assert line.startswith(" ")
        assert line.strip()
    assert max(map(len, field.split("\r\n"))) <= 998


def test_ascii_stays_readable():
    assert unstructured("Subject", "Le rapport d'été est là") == (
        "Subject: Le rapport =?utf-8?b?ZCfDqXTDqQ==?= est\r\n =?utf-8?b?bMOg?=\r\n"
    )
    assert unstructured("Subject", "") == "Subject: \r\n"
    assert unstructured("Subject", "a" * 90) == f"Subject: {'a' * 90}\r\n"
    assert unstructured("Subject", "a" * 990) == f"Subject:\r\n {'a' * 990}\r\n"
    assert "=?utf-8?" in unstructured("Subject", "a" * 1000)


def test_an_encoded_word_is_not_begun_at_the_end_of_a_line():
    field = unstructured("Subject", f"{'a' * 50} {'é' * 30}")
    assert field.split("\r\n")[0] == f"Subject: {'a' * 50}"


def test_names_are_atoms_quoted_or_encoded():
    assert addresses("To", [Address.parse("Zoë de Vries <z@example.org>")]) == (
        "To: =?utf-8?q?Zo=C3=AB?= de Vries <z@example.org>\r\n"
    )
    assert addresses("To", parse_list('"Doe, J." <j@example.org>')) == 'To: "Doe, J." <j@example.org>\r\n'
    assert addresses("To", [Address(local="a", domain="b.c", name="=?utf-8?q?x?=")]).startswith(
        "To: =?utf-8?b?"
    )
    long = addresses("To", [Address(local="a", domain="b.c", name="Doe, " * 20)])
    assert '"' not in long


def test_groups_are_written_with_their_members():
    assert addresses("To", parse_list("undisclosed-recipients:;")) == "To: undisclosed-recipients: ;\r\n"
    assert (
        addresses("To", parse_list("The team: a@b.c, d@e.f;, g@h.i"))
        == "To: The team: a@b.c, d@e.f;, g@h.i\r\n"
    )
    assert addresses("To", parse_list("équipe: a@b.c;")) == "To: =?utf-8?q?=C3=A9quipe?= : a@b.c;\r\n"


def test_a_long_list_is_folded_between_addresses():
    field = addresses("To", parse_list([f"person{n}@example.org" for n in range(9)]))
    assert max(map(len, field.split("\r\n"))) <= 76
    assert re.fullmatch(r"To:( person\d@example.org,?)+", unfolded(field))


def test_tokens_are_never_cut():
    identifiers = [f"<{'x' * 60}{n}@example.org>" for n in range(3)]
    assert tokens("References", identifiers) == "References:\r\n " + "\r\n ".join(identifiers) + "\r\n"


@pytest.mark.parametrize("name", ["", "A:B", "A B", "Ü", "A\r\nB", "x" * 77])
def test_refuses_what_is_no_name(name):
    with pytest.raises(InvalidHeader, match="no name of a header field"):
        check_name(name)


def test_refuses_line_ends_in_values():
    with pytest.raises(InvalidHeader, match="comment contains a newline"):
        check_text("a\nB: c", "comment")
    check_text("a\tb", "comment")
