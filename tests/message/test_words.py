from __future__ import annotations

import re
from email.header import decode_header, make_header

from hypothesis import given
from hypothesis import strategies as st

from envoi.message.words import LONGEST, encoded_words, runs
from tests.message import strategies as some

PLAIN = re.compile("[a-z=?]+")


@given(some.anything.filter(bool), st.integers(30, LONGEST))
def test_encoded_words_keep_their_length_and_split_no_character(text, first):
    words = encoded_words(text, first)
    assert len(words[0]) <= first
    assert max(map(len, words)) <= LONGEST
    assert "".join(str(make_header(decode_header(word))) for word in words) == text


def test_the_shorter_encoding_is_taken():
    assert encoded_words("Zoë", LONGEST) == ("=?utf-8?q?Zo=C3=AB?=",)
    assert encoded_words("日本", LONGEST) == ("=?utf-8?b?5pel5pys?=",)


def test_only_words_that_need_it_are_encoded():
    assert runs("le été passé est long", PLAIN) == (
        (False, "le"),
        (True, "été passé"),
        (False, "est"),
        (False, "long"),
    )


def test_spaces_in_a_row_and_at_the_ends_are_encoded_with_their_neighbours():
    assert runs("a  b c", PLAIN) == ((True, "a  b"), (False, "c"))
    assert runs(" a b", PLAIN) == ((True, " a"), (False, "b"))
    assert runs("a b ", PLAIN) == ((False, "a"), (True, "b "))


def test_what_looks_like_an_encoded_word_is_encoded():
    assert runs("=?utf-8?q?x?=", PLAIN) == ((True, "=?utf-8?q?x?="),)
