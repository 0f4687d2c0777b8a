from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envoi.errors import InvalidAddress, UsageError
from envoi.message.address import Address
from envoi.message.envelope import DeliveryOptions
from envoi.message.reports import Origin, origin_of, sign_token, verify_token, verp_sender, verp_token
from tests.message.reports.mails import bounce, read, with_part

SECRET = b"0123456789abcdef"
OTHER = b"fedcba9876543210"
BASE = "bounces@shop.example"
TOKEN = "019ab5c0d1e27f3a8b4c5d6e7f809102"


@given(st.from_regex(r"[a-z0-9]{1,12}(?:[._][a-z0-9]{1,8}){0,2}", fullmatch=True))
def test_a_token_comes_back(token: str) -> None:
    sender = verp_sender(BASE, token, secret=SECRET)
    assert Address.parse(sender).domain == "shop.example"
    assert verp_token(sender, BASE, secret=SECRET) == token
    assert verp_token(f" <{sender.upper()}>", BASE, secret=SECRET) == token


def test_the_sender_has_the_token_to_be_read() -> None:
    assert verp_sender(Address.parse(BASE), TOKEN, secret=SECRET).startswith(f"bounces+{TOKEN}-")
    assert verp_sender(BASE, "t1", secret=SECRET, separator="-").startswith("bounces-t1-")


@given(st.text(max_size=60))
def test_nobody_can_guess_a_signature(made_up: str) -> None:
    assert verify_token(made_up, secret=SECRET) is None
    assert verify_token(f"{TOKEN}-{made_up}", secret=SECRET) is None


def test_a_token_signed_with_another_secret_is_none() -> None:
    assert verp_token(verp_sender(BASE, TOKEN, secret=OTHER), BASE, secret=SECRET) is None


def test_a_signature_holds_for_its_token_alone() -> None:
    assert verify_token(sign_token("t1", secret=SECRET).replace("t1", "t2"), secret=SECRET) is None


@pytest.mark.parametrize(
    "address", ["bounces@shop.example", "other+x@shop.example", "bounces+x@else.example", "", "@"]
)
def test_other_addresses_have_no_token(address: str) -> None:
    assert verp_token(address, BASE, secret=SECRET) is None


@pytest.mark.parametrize("token", ["", "A", "a-b", "a+b", "a b", "a\nb", ".a", "é", "a" * 90])
def test_refuses_what_servers_would_change(token: str) -> None:
    with pytest.raises(UsageError, match="no token"):
        sign_token(token, secret=SECRET)


def test_refuses_a_secret_that_can_be_guessed() -> None:
    with pytest.raises(UsageError, match="at least 16 octets"):
        sign_token("t1", secret=b"short")
    with pytest.raises(UsageError, match="at least 16 octets"):
        verify_token("x", secret=b"")


def test_refuses_a_sender_that_is_too_long() -> None:
    with pytest.raises(UsageError, match="more than 64 octets"):
        verp_sender("the-mailbox-for-bounces@shop.example", TOKEN, secret=SECRET)


def test_refuses_a_base_that_is_no_address() -> None:
    with pytest.raises(InvalidAddress):
        verp_sender("bounces", "t1", secret=SECRET)


def test_a_signed_token_fits_an_envid() -> None:
    assert DeliveryOptions(envid=sign_token("a" * 83, secret=SECRET)).envid


def test_finds_the_mail_by_the_address_of_the_report() -> None:
    sender = verp_sender(BASE, "t1", secret=SECRET)
    report = read(
        f"Delivered-To: {sender}\n".encode() + bounce("<a@x.example>: unknown user\n\nMessage-ID: <1@x>")
    )
    assert origin_of(report, BASE, secret=SECRET) == Origin(token="t1", envelope_id=None, message_id="<1@x>")
    assert origin_of(report, None, secret=SECRET).token is None


def test_finds_the_mail_by_the_return_path_of_what_came_back() -> None:
    sender = verp_sender(BASE, "t1", secret=SECRET)
    raw = with_part("message/feedback-report", "Feedback-Type: abuse").replace(
        b"--b--",
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nReturn-Path: <%b>\r\n\r\n--b--" % sender.encode(),
    )
    assert origin_of(read(raw), BASE, secret=SECRET).token == "t1"


def test_finds_the_mail_by_the_sender_that_a_complaint_names() -> None:
    sender = verp_sender(BASE, "t1", secret=SECRET)
    raw = with_part("message/feedback-report", f"Feedback-Type: abuse\r\nOriginal-Mail-From: <{sender}>")
    assert origin_of(read(raw), BASE, secret=SECRET).token == "t1"


def test_finds_the_mail_by_its_envid() -> None:
    envid = sign_token("t2", secret=SECRET)
    body = f"Original-Envelope-Id: {envid}\r\n\r\nFinal-Recipient: rfc822; a@x.example\r\nAction: failed"
    assert origin_of(read(with_part("message/delivery-status", body)), BASE, secret=SECRET) == Origin(
        token="t2", envelope_id=envid, message_id=None
    )


def test_a_forged_report_has_no_token() -> None:
    report = read(
        b"Delivered-To: bounces+t1-aaaaaaaaaaaaaaaa@shop.example\n" + bounce("<a@x.example>: unknown user")
    )
    assert origin_of(report, BASE, secret=SECRET).token is None
