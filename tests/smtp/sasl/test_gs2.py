"""The GS2 header reads what it writes, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.smtp.sasl.gs2 import Gs2, escape, unescape


@given(
    flag=st.sampled_from(["n", "y", "p=tls-server-end-point"]),
    name=st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    rest=st.text(),
)
def test_reads_what_it_writes(flag: str, name: str, rest: str) -> None:
    header = Gs2(flag=flag, authorization_id=name)
    assert Gs2.split(f"{header}{rest}") == (header, rest)


@given(st.text())
def test_unescapes_what_it_escapes(name: str) -> None:
    assert "," not in escape(name)
    assert unescape(escape(name)) == name


@pytest.mark.parametrize("text", ["", "n", "n,", "x,,", "n,b=alice,", "n,a=,", "n,a==,", "p=,,", "n,a=a=2D,"])
def test_refuses_what_is_no_header(text: str) -> None:
    assert Gs2.split(text) is None


@pytest.mark.parametrize("name", ["=", "a,b", "=2c", "=20", "=3"])
def test_refuses_what_is_no_escaped_name(name: str) -> None:
    assert unescape(name) is None
