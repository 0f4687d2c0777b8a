from __future__ import annotations

from envoi.testing import ReceivedMessage


def test_reads_the_message_as_the_standard_library_does() -> None:
    message = ReceivedMessage(
        sender="a@example.com",
        recipients=("b@example.org",),
        data=b"Subject: =?utf-8?q?=C3=A9t=C3=A9?=\r\n\r\nbody\r\n",
    )
    assert message.email["Subject"] == "été"
    assert message.email.get_content() == "body\r\n"


def test_shows_no_content() -> None:
    assert "private" not in repr(ReceivedMessage(sender="", recipients=(), data=b"private"))
