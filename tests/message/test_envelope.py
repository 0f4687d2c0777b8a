from __future__ import annotations

from datetime import UTC, datetime

import pytest

from envoi.errors import InvalidAddress, UsageError
from envoi.message.envelope import DeliveryOptions, Envelope, Notify, Recipient


def test_recipients_are_bare_with_a_label_domains():
    assert Recipient("a@bücher.example").address == "a@xn--bcher-kva.example"
    assert Recipient('"a b"@example.org').address == '"a b"@example.org'


@pytest.mark.parametrize(
    "address", ["Zoë <a@example.org>", "<a@example.org>", "a@example.org\r\nRCPT TO:<b@c>", "", "a"]
)
def test_refuses_names_and_forgeries(address):
    with pytest.raises(InvalidAddress):
        Recipient(address)
    if address:
        with pytest.raises(InvalidAddress):
            Envelope.of(address, ["b@example.org"])


def test_never_is_said_alone():
    assert Recipient("a@example.org", notify=frozenset({Notify.NEVER})).notify == frozenset({Notify.NEVER})
    with pytest.raises(UsageError, match="NEVER only alone"):
        Recipient("a@example.org", notify=frozenset({Notify.NEVER, Notify.DELAY}))
    with pytest.raises(UsageError, match="notify is empty"):
        DeliveryOptions(notify=frozenset())


def test_the_original_recipient_has_no_controls():
    assert Recipient("a@example.org", original="b@example.org").original == "b@example.org"
    with pytest.raises(InvalidAddress, match="original recipient"):
        Recipient("a@example.org", original="b\r\n")


def test_duplicates_are_sent_once_whatever_the_case_of_the_domain():
    first = Recipient("a@example.org", notify=frozenset({Notify.DELAY}))
    envelope = Envelope.of("", [first, "a@EXAMPLE.org", "A@example.org"])
    assert envelope.recipients == (first, Recipient("A@example.org"))


def test_an_envelope_has_recipients():
    with pytest.raises(InvalidAddress, match="no recipient"):
        Envelope.of("a@example.org", [])
    with pytest.raises(InvalidAddress, match="list of addresses"):
        Envelope.of("a@example.org", "b@example.org")


def test_the_sender_may_be_nobody():
    assert Envelope.of("", ["a@example.org"]).sender == ""


@pytest.mark.parametrize(
    ("sender", "recipient", "needed"), [("a", "b", False), ("ü", "b", True), ("a", "ü", True)]
)
def test_local_parts_beyond_ascii_need_smtputf8(sender, recipient, needed):
    assert Envelope.of(f"{sender}@ü.example", [f"{recipient}@ü.example"]).needs_smtputf8 is needed


@pytest.mark.parametrize(
    "options",
    [
        {"ret": "all"},
        {"envid": ""},
        {"envid": "a b\n"},
        {"envid": "x" * 101},
        {"envid": "é"},
        {"priority": 10},
        {"priority": -10},
        {"hold_for": 0},
        {"hold_for": 10**9},
        {"hold_for": 1, "hold_until": datetime(2027, 1, 1, tzinfo=UTC)},
        {"hold_until": datetime(2027, 1, 1)},  # noqa: DTZ001
        {"deliver_by": 0},
        {"deliver_by": 10**9, "deliver_by_mode": "notify"},
        {"deliver_by_mode": "later"},
    ],
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(UsageError):
        DeliveryOptions(**options)


def test_options_in_range_are_kept():
    options = DeliveryOptions(
        ret="headers",
        envid="order 42",
        priority=-9,
        hold_until=datetime(2027, 1, 1, tzinfo=UTC),
        deliver_by=-5,
        deliver_by_mode="notify",
        require_tls=True,
        all_or_nothing=True,
    )
    assert Envelope.of("", ["a@example.org"], options).options is options
    assert DeliveryOptions(deliver_by=60, hold_for=60).deliver_by == 60
