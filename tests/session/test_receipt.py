"""What became of a message, as a value."""

from __future__ import annotations

import pickle

import pytest

from envoi.session.receipt import Receipt
from envoi.smtp.replies import Reply


def receipt() -> Receipt:
    """One recipient accepted, one refused."""
    return Receipt(
        message_id="<1@example.org>",
        sender="a@example.org",
        accepted=("b@example.org",),
        refused={"c@example.org": Reply(code=450, text="full")},
        reply=Reply(code=250, text="queued"),
        server="mail.example.org",
    )


def test_is_a_value() -> None:
    assert receipt() == receipt()
    assert pickle.loads(pickle.dumps(receipt())) == receipt()
    with pytest.raises(AttributeError):
        receipt().server = "other"  # type: ignore[misc]


def test_is_unverified_in_clear() -> None:
    assert (receipt().tls, receipt().verified) == (None, False)
