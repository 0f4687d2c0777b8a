from __future__ import annotations

import pytest

from envoi.message.content import Content, Requirements, WireEncoding
from envoi.message.email import Email
from envoi.message.raw import RawContent, RawEmail


@pytest.mark.parametrize(
    ("needs", "encoding"),
    [
        (Requirements(), WireEncoding()),
        (Requirements(body="8bitmime", smtputf8=True), WireEncoding(eightbit=True, smtputf8=True)),
        (Requirements(body="binarymime"), WireEncoding(eightbit=True, binary=True)),
    ],
)
def test_requirements_name_the_encoding_to_compose_with(needs, encoding):
    assert needs.encoding == encoding


def test_emails_and_raw_messages_are_content():
    assert isinstance(Email(sender="a@example.org"), Content)
    assert isinstance(RawContent.of(b""), Content)
    assert isinstance(RawEmail(b"", sender="", recipients=["a@example.org"]), Content)
    assert not isinstance(b"", Content)
