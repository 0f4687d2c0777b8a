from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from envoi.message.flowed import flowed, unflowed

lines = st.lists(st.sampled_from(["word", "longer-word", "", ">", "From", "--", "x" * 90])).map(" ".join)


@given(st.lists(lines).map("\n".join))
def test_what_was_wrapped_is_read_back(text):
    expected = "\n".join(line if line == "-- " else line.rstrip(" ") for line in text.split("\n"))
    assert unflowed(flowed(text)) == expected


@given(st.lists(st.text("ab", min_size=1, max_size=10)).map(" ".join))
def test_lines_are_short(text):
    assert max(map(len, flowed(text).split("\n"))) <= 73


def test_lines_that_look_like_something_else_are_stuffed():
    assert flowed("> said\r\n From\rFrom me\n-- \nme") == " > said\n  From\n From me\n-- \nme"
