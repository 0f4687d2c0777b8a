"""The envelope that a message of the standard library names in its fields, in both of its interfaces."""

from __future__ import annotations

from email import message_from_string, policy
from typing import TYPE_CHECKING, Any

import pytest

from envoi.errors import InvalidAddress, InvalidHeader
from envoi.message.addressed import named_recipients, named_sender

if TYPE_CHECKING:
    from email.message import Message

BOTH = pytest.mark.parametrize("read_by", [policy.default, policy.compat32])


def message(text: str, read_by: Any) -> Message[Any, Any]:
    """A message with these fields."""
    return message_from_string(f"{text}\n\nHello\n", policy=read_by)


@BOTH
def test_reads_names_groups_and_folded_lines(read_by: Any) -> None:
    fields = message(
        "From: Zo <z@example.org>\nTo: A <a@example.org>,\n team: b@example.org, c@example.org;", read_by
    )
    assert named_sender(fields) == "z@example.org"
    assert named_recipients(fields) == ("a@example.org", "b@example.org", "c@example.org")


@BOTH
def test_names_may_be_encoded(read_by: Any) -> None:
    fields = message(
        "From: =?utf-8?q?Zo=C3=AB=2C_M?= <z@example.org>\nTo: =?utf-8?b?w6k=?= <e@example.org>", read_by
    )
    assert (named_sender(fields), named_recipients(fields)) == ("z@example.org", ("e@example.org",))


@BOTH
def test_names_a_recipient_once(read_by: Any) -> None:
    fields = message("To: a@example.org\nCc: b@example.org, a@example.org\nBcc: b@example.org", read_by)
    assert named_recipients(fields) == ("a@example.org", "b@example.org")


@BOTH
def test_several_authors_need_a_sender(read_by: Any) -> None:
    """Behaviour 82."""
    authors = "From: a@example.org, b@example.org"
    with pytest.raises(InvalidHeader, match="2 authors and no Sender: give sender="):
        named_sender(message(authors, read_by))
    assert named_sender(message(f"{authors}\nSender: c@example.org", read_by)) == "c@example.org"


@BOTH
@pytest.mark.parametrize("ask", [named_sender, named_recipients])
def test_refuses_to_choose_between_resent_blocks(ask: Any, read_by: Any) -> None:
    """Behaviour 81."""
    twice = "Resent-Date: Sun, 22 Nov 2026 08:00:00 +0000\n" * 2
    with pytest.raises(InvalidHeader, match="resent more than once"):
        ask(message(f"{twice}From: a@example.org\nTo: b@example.org", read_by))


@BOTH
def test_says_what_is_missing(read_by: Any) -> None:
    empty = message("Subject: x", read_by)
    with pytest.raises(InvalidHeader, match="neither Sender nor From"):
        named_sender(empty)
    with pytest.raises(InvalidHeader, match="no address in To, Cc or Bcc"):
        named_recipients(empty)


@BOTH
def test_refuses_what_is_no_address(read_by: Any) -> None:
    with pytest.raises((InvalidAddress, InvalidHeader)):
        named_recipients(message("To: not an address", read_by))
