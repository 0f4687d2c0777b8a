from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi.errors import UsageError
from envoi.message.attachment import Attachment
from envoi.message.envelope import DeliveryOptions
from envoi.message.parts import Leaf
from envoi.message.raw import RawEmail
from envoi.message.signing.entity import Entity
from tests.message.signing.material import mail

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def raw(data: bytes) -> RawEmail:
    options = DeliveryOptions(envid="x")
    return RawEmail(data, sender="a@example.org", recipients=["b@example.org"], options=options)


def test_takes_the_fields_of_the_content_inside() -> None:
    entity = Entity.of(mail(headers={"X-Tag": "a"}))
    assert entity.fields == (
        "Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n"
    )
    assert entity.octets == entity.fields.encode() + b"\r\nAt noon?\r\n"
    assert "Content-" not in entity.outer
    assert "MIME-Version" not in entity.outer
    assert "X-Tag: a\r\n" in entity.outer


def test_keeps_folded_fields_whole() -> None:
    entity = Entity.of(raw(b"Subject: a\n b\nContent-Type: text/plain;\n\tcharset=us-ascii\nTo: x\n\nbody"))
    assert entity.outer == "Subject: a\r\n b\r\nTo: x\r\n"
    assert entity.fields == "Content-Type: text/plain;\r\n\tcharset=us-ascii\r\n"
    assert entity.body == b"body"


def test_makes_every_line_end_crlf() -> None:
    assert Entity.of(raw(b"To: x\n\na\rb\nc\r\nd")).body == b"a\r\nb\r\nc\r\nd"


def test_takes_a_mail_without_a_body() -> None:
    entity = Entity.of(raw(b"To: x"))
    assert (entity.outer, entity.octets) == ("To: x\r\n", b"\r\n")


def test_encodes_what_is_not_seven_bit() -> None:
    entity = Entity.of(mail(text="Été", attachments=[Attachment.from_bytes(b"\xff" * 99, "a.bin")]))
    assert entity.octets.isascii()


def test_refuses_a_raw_mail_that_is_not_seven_bit() -> None:
    with pytest.raises(UsageError, match="encode octets above 127 first"):
        Entity.of(raw(b"To: x\n\n\xc3\xa9"))


def test_refuses_a_header_in_no_encoding() -> None:
    with pytest.raises(UsageError, match="neither ASCII nor UTF-8"):
        Entity.of(raw(b"Subject: \xe9t\xe9\n\nx"))


def test_refuses_international_fields_inside() -> None:
    international = Attachment.from_email(mail(sender="é@example.org"))
    with pytest.raises(UsageError, match="7-bit content"):
        Entity.of(mail(attachments=[international]))


def test_refuses_an_asynchronous_attachment() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"data"

    with pytest.raises(UsageError, match="needs the whole mail at once"):
        Entity.of(mail(attachments=[Attachment.from_async_iterator(pieces, "a.bin")]))


def test_names_the_authors() -> None:
    entity = Entity.of(mail(from_=["Zoë <Zoe@Example.org>", "c@example.org"], to="x@example.org"))
    assert entity.authors == {"alice@example.org", "zoe@example.org", "c@example.org"}
    assert Entity.of(raw(b"To: x\n\n")).authors == frozenset()


def test_wraps_another_content_for_the_same_people() -> None:
    entity = Entity.of(raw(b"Subject: s\nMime-version: 1.0\nContent-Type: x/y\n\nbody"))
    wrapped = entity.around(Leaf("Content-Type: a/b\r\n", b"new"), "token")
    assert wrapped.content.data == b"Subject: s\r\nMIME-Version: 1.0\r\nContent-Type: a/b\r\n\r\nnew\r\n"
    assert wrapped.envelope() == raw(b"").envelope()
