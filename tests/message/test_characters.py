from __future__ import annotations

import pytest

from envoi.errors import InvalidAddress, InvalidHeader, UsageError
from envoi.message.characters import refuse_controls, refuse_surrogates, shown


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\r", "a carriage return"),
        ("\n", "a newline"),
        ("\0", "a NUL"),
        ("\x0b", r"U\+000B"),
        ("\ud800", r"U\+D800"),
    ],
)
def test_names_the_field_and_the_character(character, name):
    with pytest.raises(InvalidHeader, match=f"the subject contains .*{name}"):
        refuse_controls(f"a{character}b", "subject", tab=True)


def test_a_tab_is_allowed_where_it_is_said():
    refuse_controls("a\tb", "subject", tab=True)
    with pytest.raises(InvalidAddress, match="a tab"):
        refuse_controls("a\tb", "name", error=InvalidAddress)


def test_other_characters_pass():
    refuse_controls("é\u2028\x85\u200d日本", "subject")
    refuse_surrogates("é", "text", UsageError)
    refuse_surrogates("e", "text", UsageError)


def test_half_a_surrogate_pair_is_shown_with_its_place():
    with pytest.raises(UsageError, match=r"character 1 .*U\+DC80"):
        refuse_surrogates("é\udc80", "text", UsageError)


def test_values_are_shown_escaped_and_short():
    assert shown("a\r\n") == r"'a\r\n'"
    assert len(shown("x" * 500)) == 80
