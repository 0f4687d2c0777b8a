"""The last word before the octets that complete a message: whoever gives none, sends none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envoi.errors import LeaseLost
from tests.session.stage import BODY, FLIGHT, QUIT, STEPWISE, Way, hello, mail

if TYPE_CHECKING:
    from envoi.session.conversation import Conversation

BDAT = f"C: BDAT {len(BODY)} LAST\n* octets {len(BODY)}\n"
ENVELOPE = "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\n"
OFFERS = {
    "by DATA": (hello(), STEPWISE),
    "by DATA, pipelined": (hello("PIPELINING"), FLIGHT),
    "by BDAT": (hello("CHUNKING"), ENVELOPE + BDAT + "S: 250 q\n"),
    "in one flight": (
        hello("PIPELINING", "CHUNKING", "SIZE"),
        f"C: MAIL *\nC: RCPT *\n{BDAT}S: 250 ok\nS: 250 ok\nS: 250 q\n",
    ),
}


@pytest.mark.parametrize("offer", OFFERS)
def test_is_asked_for_once_per_message(way: Way, offer: str) -> None:
    asked: list[None] = []

    async def allow() -> None:
        asked.append(None)

    async def act(conversation: Conversation) -> None:
        await conversation.send(mail(), mail().envelope(), before_final=allow)

    greeting, transaction = OFFERS[offer]
    assert way.play(greeting + transaction + QUIT, act).error is None
    assert len(asked) == 1


@pytest.mark.parametrize("offer", OFFERS)
def test_is_taken_back_before_anything_is_complete(way: Way, offer: str) -> None:
    async def refuse() -> None:
        raise LeaseLost("another worker took over")

    async def act(conversation: Conversation) -> None:
        with pytest.raises(LeaseLost) as caught:
            await conversation.send(mail(), mail().envelope(), before_final=refuse)
        assert not hasattr(caught.value, "__notes__")
        conversation.abort()

    greeting, transaction = OFFERS[offer]
    begun = "" if offer == "in one flight" else transaction.partition("C: BDAT")[0].partition("* message")[0]
    played = way.play(greeting + begun, act)
    assert played.error is None
    assert b"\r\n.\r\n" not in played.sent
    assert b"LAST" not in played.sent
