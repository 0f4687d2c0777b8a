"""Who is suppressed has failed from the beginning, unless nobody else is left."""

from __future__ import annotations

import pytest

from envoi.errors import AddressSuppressed
from envoi.outbox.model import Suppression
from envoi.outbox.refusing import refuse
from tests.outbox.contract.arena import letter
from tests.outbox.values import START

ENTRY = Suppression(address="b@example.org", reason="bounced", since=START)
PAIR = ("B@Example.org", "c@example.org")


def test_who_is_suppressed_fails_from_the_beginning() -> None:
    message = refuse(letter(recipients=PAIR), [ENTRY])
    assert message.recipients == PAIR
    assert list(message.refused) == ["B@Example.org"]
    assert "bounced" in message.refused["B@Example.org"]


def test_who_failed_already_is_not_forgotten() -> None:
    message = refuse(letter(recipients=(*PAIR, "d@example.org"), refused={"c@example.org": "why"}), [ENTRY])
    assert list(message.refused) == ["c@example.org", "B@Example.org"]


def test_nobody_is_suppressed_by_the_entry_of_another() -> None:
    message = letter(recipients=("c@example.org",))
    assert refuse(message, [ENTRY]) is message


def test_a_message_for_nobody_is_an_error() -> None:
    with pytest.raises(AddressSuppressed, match="any more since 2026-11-22: bounced"):
        refuse(letter(recipients=PAIR[:1]), [ENTRY])
