from __future__ import annotations

import pytest

from envoi.errors import InvalidHeader
from envoi.message.media import check_type, guess


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.pdf", "application/pdf"),
        ("A.PNG", "image/png"),
        ("a.tar.gz", "application/gzip"),
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.mp4", "video/mp4"),
        ("a.unknown", "application/octet-stream"),
        ("README", "application/octet-stream"),
        ("a.tgz", "application/octet-stream"),
    ],
)
def test_the_type_follows_the_ending(name, kind):
    assert guess(name) == kind


@pytest.mark.parametrize(
    "kind", ["", "pdf", "a/b; c=d", "a/b\r\nX: y", "é/b", "multipart/mixed", "message/rfc822"]
)
def test_refuses_what_an_attachment_cannot_be(kind):
    with pytest.raises(InvalidHeader):
        check_type(kind)
    check_type("message/delivery-status")
