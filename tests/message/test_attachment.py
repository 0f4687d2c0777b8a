from __future__ import annotations

import io
from typing import Any

import pytest

from envoi.errors import InvalidHeader, UsageError
from envoi.message.attachment import Attachment
from envoi.message.email import Email

TEXT: Any = "text"


def octets(attachment: Attachment) -> bytes:
    return b"".join(attachment.source.chunks())


def test_a_path_gives_name_type_and_size(tmp_path):
    path = tmp_path / "report.pdf"
    path.write_bytes(b"x" * 10)
    attachment = Attachment.from_path(path)
    assert (attachment.filename, attachment.content_type, attachment.size) == (
        "report.pdf",
        "application/pdf",
        10,
    )
    assert Attachment.from_path(str(path), filename="été.txt").content_type == "text/plain"
    with pytest.raises(UsageError, match="No such file"):
        Attachment.from_path(tmp_path / "none.pdf")


def test_bytes_and_file_objects_need_no_name():
    assert octets(Attachment.from_bytes(b"x")) == b"x"
    attachment = Attachment.from_file(io.BytesIO(b"x"), "x.png", content_type="image/x-own")
    assert (octets(attachment), attachment.content_type, attachment.size) == (b"x", "image/x-own", 1)
    with pytest.raises(UsageError, match="encode text first"):
        Attachment.from_bytes(TEXT)


def test_asynchronous_iterators_are_told():
    async def pieces():
        yield b"x"

    attachment = Attachment.from_async_iterator(pieces, "x.bin", size=1)
    assert (attachment.is_async, attachment.size) == (True, 1)


def test_messages_are_attached_as_messages(tmp_path):
    path = tmp_path / "mail.eml"
    path.write_bytes(b"Subject: x\r\n\r\n")
    for message in (b"Subject: x\r\n\r\n", path, Email(sender="a@example.org")):
        attachment = Attachment.from_email(message, "mail.eml")
        assert attachment.message is not None
        assert (attachment.size, attachment.is_async) == (None, False)
    with pytest.raises(UsageError, match="not str"):
        Attachment.from_email(TEXT)


def test_an_eml_file_attached_as_a_file_is_octets():
    assert Attachment.from_bytes(b"\xff", "mail.eml").content_type == "application/octet-stream"


def test_inline_ones_are_known_by_their_name():
    assert Attachment.from_bytes(b"", "logo.png", inline=True).content_id == "logo.png"
    assert Attachment.from_bytes(b"", "mon logo été.png", inline=True).content_id == "mon-logo-t-.png"
    assert Attachment.from_bytes(b"", "logo.png", inline=True, content_id="logo@x").content_id == "logo@x"
    assert Attachment.from_bytes(b"", inline=True).content_id is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a/b", "path separator"),
        ("..\\a", "path separator"),
        ("a\r\nb", "carriage return"),
        ("a\0", "NUL"),
        ("a\tb", "tab"),
        ("\ud800", "surrogate|U\\+D800"),
        ("", "no file name"),
        ("..", "no file name"),
        (" . ", "no file name"),
        ("x" * 256, "255 characters"),
    ],
)
def test_refuses_file_names_that_would_surprise_the_recipient(name, reason):
    with pytest.raises(InvalidHeader, match=reason):
        Attachment.from_bytes(b"", name)


@pytest.mark.parametrize(
    "field",
    [
        {"content_type": "text"},
        {"content_id": "a b"},
        {"content_id": "<a>"},
        {"charset": "a;b"},
        {"description": "a\nb"},
    ],
)
def test_refuses_values_that_could_forge_fields(field):
    with pytest.raises(InvalidHeader):
        Attachment(**field)
