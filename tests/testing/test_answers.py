from __future__ import annotations

import pytest

from envoi.testing.answers import Answer


def test_reads_a_reply() -> None:
    assert Answer.of("550 5.1.1 no such user") == Answer(550, "5.1.1", ("no such user",))
    assert Answer.of("421") == Answer(421, "", ("",))
    assert Answer.of("250 one\ntwo").lines == ("one", "two")


def test_knows_a_refusal() -> None:
    assert Answer.of("450 4.2.0 later").refuses
    assert not Answer.of("354 go").refuses


@pytest.mark.parametrize("text", ["", "no", "99 short", "650 beyond", "2500 long"])
def test_refuses_what_is_no_reply(text: str) -> None:
    with pytest.raises(ValueError, match="is no reply"):
        Answer.of(text)
