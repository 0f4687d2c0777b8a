from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.message.reports.fields import decoded, decoded_words, instant, read_fields, read_groups


def test_unfolds_and_knows_names_in_any_case() -> None:
    fields = read_fields("Subject: one\n two\n\tthree\nX-Y : z\nsubject: again")
    assert fields.first("SUBJECT") == "one two three"
    assert fields.all("subject") == ("one two three", "again")
    assert fields.first("x-y") == "z"
    assert fields.first("Date") == ""


def test_passes_over_what_is_no_field() -> None:
    fields = read_fields(
        " begins with a fold\nFrom ada@x.example Sun Nov 22\nnothing\nTo: a@b.example\n=garbage"
    )
    assert fields.others(frozenset()) == (("to", "a@b.example"),)


def test_a_fold_after_no_field_belongs_to_none() -> None:
    assert read_fields("To: a\nnothing\n b").first("To") == "a"


def test_control_characters_become_spaces() -> None:
    assert read_fields("Status: 5.1.1\x00\x1b\x85x").first("Status") == "5.1.1 x"


def test_long_values_are_cut() -> None:
    assert len(read_fields("Subject: " + "x" * 9000).first("Subject")) == 4000


def test_groups_are_parted_by_blank_lines() -> None:
    first, second = read_groups("\nA: 1\n\n\n \t\nB: 2\n")
    assert (first.first("A"), second.first("B")) == ("1", "2")


def test_others_are_those_with_unknown_names() -> None:
    assert read_fields("A: 1\nX-B: 2\nX-B: 3").others(frozenset({"a"})) == (("x-b", "2"), ("x-b", "3"))


@pytest.mark.parametrize("charset", ["iso-8859-1", "ISO-8859-1"])
def test_decodes_a_known_character_set(charset: str) -> None:
    assert decoded(b"\xe9t\xe9", charset) == "été"


@pytest.mark.parametrize(
    "charset", ["x-nobody", "punycode", "unicode_escape", "base64", "a\0b", "undefined", ""]
)
def test_takes_anything_else_for_utf_8(charset: str) -> None:
    assert decoded("été \\xe9".encode(), charset) == "été \\xe9"


def test_half_surrogates_do_not_come_out() -> None:
    assert decoded(b"+2AA-x\xff", "utf-7").encode()


@given(st.binary(max_size=50), st.text(max_size=12))
def test_decoding_never_fails(octets: bytes, charset: str) -> None:
    decoded(octets, charset).encode()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("=?utf-8?q?=C3=A9t=C3=A9_x?= y", "été x y"),
        ("=?UTF-8*fr?B?w6k=?= =?utf-8?b?dMOp?=", "été"),
        ("plain", "plain"),
        ("=?utf-8?b?w?=", "=?utf-8?b?w?="),
    ],
)
def test_decodes_encoded_words(written: str, read: str) -> None:
    assert decoded_words(written) == read


def test_reads_dates_with_and_without_a_zone() -> None:
    at = datetime(2026, 11, 22, 9, 0, tzinfo=timezone(timedelta(hours=1)))
    assert instant("Sun, 22 Nov 2026 09:00:00 +0100") == at
    assert instant("Sun, 22 Nov 2026 08:00:00 -0000") == datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("value", ["", "soon", "32 Foo 2026", "Sun, 22 Nov 99999999999 08:00:00 +0000"])
def test_what_is_no_date_is_none(value: str) -> None:
    assert instant(value) is None
