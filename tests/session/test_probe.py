"""Asking a server about a recipient, without sending anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi.errors import InvalidAddress
from tests.session.stage import QUIT, hello

if TYPE_CHECKING:
    from envoi.session.conversation import Conversation
    from tests.session.stage import Way


async def _ask(conversation: Conversation) -> int:
    return (await conversation.probe("zoe@example.org", "")).code


def test_the_reply_to_the_recipient_is_the_answer(way: Way) -> None:
    script = (
        "C: MAIL FROM:<>\nS: 250 ok\nC: RCPT TO:<zoe@example.org>\nS: 550 5.1.1 who?\nC: RSET\nS: 250 ok\n"
    )
    assert way.play(hello() + script + QUIT, _ask).result == 550


def test_a_refused_sender_asks_for_nobody(way: Way) -> None:
    script = "C: MAIL FROM:<>\nS: 501 5.1.7 no\nC: RSET\nS: 250 ok\n"
    assert way.play(hello() + script + QUIT, _ask).result == 501


def test_an_address_that_could_end_the_command_is_not_sent(way: Way) -> None:
    async def ask(conversation: Conversation) -> None:
        with pytest.raises(InvalidAddress):
            await conversation.probe("zoe@example.org>\r\nDATA", "")

    assert way.play(hello() + QUIT, ask).error is None
