"""Envelopes on their way through a store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from envoi.message.envelope import DeliveryOptions, Envelope, Notify, Recipient
from envoi.outbox.envelope_json import envelope_of, envelope_to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTIFY = (
    st.none()
    | st.sets(st.sampled_from([Notify.SUCCESS, Notify.FAILURE, Notify.DELAY]), min_size=1).map(frozenset)
    | st.just(frozenset({Notify.NEVER}))
)
OPTIONS: Mapping[str, st.SearchStrategy[Any]] = {
    "ret": st.sampled_from([None, "full", "headers"]),
    "envid": st.none() | st.just("order-42"),
    "notify": NOTIFY,
    "require_tls": st.booleans(),
    "priority": st.none() | st.integers(-9, 9),
    "hold_until": st.none() | st.just(datetime(2027, 1, 1, tzinfo=UTC)),
    "deliver_by": st.none() | st.integers(1, 100),
    "deliver_by_mode": st.sampled_from(["return", "notify"]),
    "all_or_nothing": st.booleans(),
}
RECIPIENTS = st.lists(
    st.builds(
        Recipient,
        st.sampled_from(["b@example.org", "c@example.org", "jürgen@example.org"]),
        notify=NOTIFY,
        original=st.none() | st.just("first@example.org"),
    ),
    min_size=1,
    unique_by=lambda recipient: recipient.address,
)


@given(RECIPIENTS, st.fixed_dictionaries({}, optional=dict(OPTIONS)))
def test_comes_back_as_it_was(recipients: list[Recipient], options: dict[str, Any]) -> None:
    envelope = Envelope.of("a@example.org", recipients, DeliveryOptions(**options))
    text = envelope_to_json(envelope)
    assert envelope_of("a@example.org", [one.address for one in recipients], text) == envelope


def test_a_plain_envelope_says_nothing() -> None:
    assert envelope_to_json(Envelope.of("", ["b@example.org"])) == "{}"


def test_an_attempt_takes_the_recipients_that_are_left() -> None:
    told = Recipient("b@example.org", notify=frozenset({Notify.NEVER}))
    text = envelope_to_json(Envelope.of("a@example.org", [told, Recipient("c@example.org")]))
    assert envelope_of("a@example.org", ["b@example.org"], text).recipients == (told,)
    assert envelope_of("a@example.org", ["c@example.org"], text).recipients == (Recipient("c@example.org"),)
