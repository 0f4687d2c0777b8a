"""Django's messages as what envoi sends."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.utils.functional import lazystr

from envoi import InvalidAddress
from envoi.integrations.django.mail import as_mail, submit_options


def message(**changes: Any) -> EmailMessage:
    said: dict[str, Any] = {"subject": "Hello", "body": "You.", "from_email": "Shop <shop@example.com>"}
    return EmailMessage(**{**said, "to": ["buyer@example.org"], **changes})


def test_the_envelope_has_bare_addresses_each_once() -> None:
    mail = as_mail(message(to=["Zoë <zoe@example.org>"], bcc=["zoe@example.org", "b@bücher.example"]))
    envelope = mail.envelope()
    assert envelope.sender == "shop@example.com"
    assert [recipient.address for recipient in envelope.recipients] == [
        "zoe@example.org",
        "b@xn--bcher-kva.example",
    ]


def test_texts_may_be_translated_late() -> None:
    mail = as_mail(message(from_email=lazystr("shop@example.com"), to=[lazystr("buyer@example.org")]))
    assert mail.envelope().sender == "shop@example.com"


@pytest.mark.parametrize("wrong", ["nobody", "a@example.org, b@example.org", "a@example.org>\r\nDATA"])
def test_refuses_what_is_no_address(wrong: str) -> None:
    with pytest.raises(InvalidAddress):
        as_mail(message(to=[wrong]))


def test_a_message_may_say_how_it_is_submitted() -> None:
    told: Any = message()
    assert submit_options(told) == {}
    told.envoi_options = {"key": "order-42"}
    assert submit_options(told) == {"key": "order-42"}
