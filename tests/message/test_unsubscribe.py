from __future__ import annotations

import pytest

from envoi.errors import InvalidHeader
from envoi.message.unsubscribe import Unsubscribe


def test_an_https_url_is_one_click():
    assert "".join(Unsubscribe.of("https://example.org/u?x=1").fields()) == (
        "List-Unsubscribe: <https://example.org/u?x=1>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    )


def test_a_page_that_asks_is_not():
    both = Unsubscribe(url="https://example.org/u", mailto="u@example.org", one_click=False)
    assert "".join(both.fields()) == "List-Unsubscribe: <https://example.org/u>, <mailto:u@example.org>\r\n"
    assert Unsubscribe.of(both) is both


def test_an_address_is_written_as_mailto():
    assert "".join(Unsubscribe.of("u@example.org").fields()) == "List-Unsubscribe: <mailto:u@example.org>\r\n"


@pytest.mark.parametrize(
    "target", ["http://example.org/", "https://example.org/a b", "https://é.example/", "a>b@example.org"]
)
def test_refuses_other_targets(target):
    with pytest.raises(InvalidHeader):
        Unsubscribe.of(target)
    with pytest.raises(InvalidHeader, match="needs a URL"):
        Unsubscribe()
