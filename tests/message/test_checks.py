from __future__ import annotations

import pytest

from envoi.errors import InvalidHeader
from envoi.message.checks import identifier, identifiers, language_of


@pytest.mark.parametrize("text", ["", "<>", "<a\r\nb>", "<a> <b>", "<é>", f"<{'x' * 249}>"])
def test_refuses_what_is_no_identifier(text):
    with pytest.raises(InvalidHeader, match=r"message_id .*unique@example\.org"):
        identifier(text, "message_id")


def test_identifiers_come_as_text_or_one_by_one():
    assert (
        identifiers("<a@x>  b@x ", "references")
        == identifiers(["<a@x>", "b@x"], "references")
        == ("<a@x>", "<b@x>")
    )
    assert identifiers("", "references") == ()


@pytest.mark.parametrize("tags", ["fr", "de-CH-1996", "fr, en", "zh-Hant,en"])
def test_takes_language_tags(tags):
    assert language_of(tags) == tags


@pytest.mark.parametrize("tags", ["", "français", "fr;q=1", "fr\r\n", "fr,"])
def test_refuses_other_languages(tags):
    with pytest.raises(InvalidHeader):
        language_of(tags)
