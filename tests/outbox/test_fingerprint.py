"""The same request has the same fingerprint, whatever was drawn for it and however it passes by."""

from __future__ import annotations

from email.message import EmailMessage
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi import Attachment, Email
from envoi.message.raw import RawContent
from envoi.message.signing import DKIMSigner
from envoi.outbox.fingerprint import Fingerprint
from tests.message.signing.material import dkim_rsa

if TYPE_CHECKING:
    from collections.abc import Iterable

MESSAGE = (
    b"Subject: hi\r\nDate: Sun, 22 Nov 2026\r\n 12:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\n"
    b"Date: stays\r\n\r\nHello\r\n"
)


def fingerprint(pieces: Iterable[bytes], token: str = "", about: str = "a") -> bytes:
    made = Fingerprint(about, token)
    for piece in pieces:
        made.feed(piece)
    return made.finish()


def of_email(email: Email) -> bytes:
    return fingerprint([b"".join(email.chunks())], email.stamp.token)


def mail(text: str = "Hello") -> Email:
    return Email(
        sender="a@example.org",
        to="b@example.org",
        subject="hi",
        text=text,
        html="<p>Hello",
        attachments=[Attachment.from_bytes(b"1", "a.txt")],
    )


def test_a_mail_made_again_is_the_same_request() -> None:
    assert of_email(mail()) == of_email(mail())
    assert of_email(mail()) != of_email(mail("Good-bye"))


def test_a_message_of_the_standard_library_made_again_is_the_same_request() -> None:
    def made() -> bytes:
        message = EmailMessage()
        message["Subject"] = "hi"
        message.set_content("Hello")
        message.add_alternative("<p>Hello", subtype="html")
        return RawContent.of(message).data

    assert made() != made()
    assert fingerprint([made()]) == fingerprint([made()])


def test_signatures_do_not_count() -> None:
    email = mail()
    signed = DKIMSigner(dkim_rsa()).sign(email)
    assert fingerprint([b"".join(signed.chunks())], email.stamp.token) == of_email(email)


@pytest.mark.parametrize(
    "other",
    [
        MESSAGE.replace(b"Subject: hi", b"Subject: ho"),
        MESSAGE.replace(b"Date: stays", b"Date: moves"),
        MESSAGE.replace(b"Hello", b"hello"),
    ],
)
def test_everything_else_counts(other: bytes) -> None:
    assert fingerprint([other]) != fingerprint([MESSAGE])
    assert fingerprint([MESSAGE], about="b") != fingerprint([MESSAGE], about="a")


@given(st.lists(st.integers(0, len(MESSAGE)), max_size=4))
def test_the_pieces_make_no_difference(cuts: list[int]) -> None:
    ends = sorted({0, len(MESSAGE), *cuts})
    pieces = [MESSAGE[start:end] for start, end in pairwise(ends)]
    assert fingerprint(pieces) == fingerprint([MESSAGE])


def test_a_message_without_a_body_or_without_end_has_one_too() -> None:
    assert fingerprint([b"Subject: hi\r\n"]) == fingerprint([b"Subject: hi\r\n"])
    assert len(fingerprint([])) == 32
    endless = b"X-Long: " + b"x" * (1 << 21)
    assert fingerprint([endless]) != fingerprint([endless + b"y"])
